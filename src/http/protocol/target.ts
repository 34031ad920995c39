import { isAuthority, isEndpoint } from './authority.ts';
import { latin1 } from './bytes.ts';

const SLASH = 47;
const ASTERISK = 42;
/** Up to the path: the scheme, and the authority. */
const ABSOLUTE = /^(https?:\/\/)([^/?]+)/i;

/** Whether the target has the form that the method asks for. RFC 9112, 3.2; its bytes are VCHAR. */
export function isTarget(method: string, bytes: Buffer, from: number, to: number): boolean {
  if (method === 'CONNECT') return isEndpoint(bytes, from, to);
  if (bytes[from] === SLASH) return true;
  if (bytes[from] === ASTERISK) return to - from === 1 && method === 'OPTIONS';
  return isAbsolute(bytes, from, to);
}

/** Of a gateway's or proxy's client. User information is refused: RFC 9110, 4.2.4, calls it a sign of an attack. */
function isAbsolute(bytes: Buffer, from: number, to: number): boolean {
  const match = ABSOLUTE.exec(latin1(bytes, from, to));
  return match !== null && isAuthority(bytes, from + match[1]!.length, from + match[0].length);
}

/** The parts of a target, decoded in nothing. */
export interface Target {
  /** Starts with a slash; `*` of OPTIONS, and `host:port` of CONNECT. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  /** Of the absolute form only, where it stands for the field Host. */
  readonly host: string | undefined;
}

export function splitTarget(target: string): Target {
  const absolute = target.charCodeAt(0) === SLASH ? null : ABSOLUTE.exec(target);
  let rest = absolute === null ? target : target.slice(absolute[0].length);
  // RFC 9112, 3.2.4: no client should send a fragment, and none is part of the resource.
  const fragment = rest.indexOf('#');
  if (fragment >= 0) rest = rest.slice(0, fragment);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return { path: path === '' ? '/' : path, query: mark < 0 ? '' : rest.slice(mark + 1), host: absolute?.[2] };
}
