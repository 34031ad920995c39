import { isAuthority, isEndpoint } from './authority.ts';
import { latin1 } from './bytes.ts';

const SLASH = 47;
const ASTERISK = 42;
/** The part before the path: the scheme, and the authority. */
const ABSOLUTE = /^(https?:\/\/)([^/?]+)/i;

/** Whether the target has the form that the method asks for: RFC 9112, 3.2. The bytes of the target are VCHAR. */
export function isTarget(method: string, bytes: Buffer, from: number, to: number): boolean {
  if (method === 'CONNECT') return isEndpoint(bytes, from, to);
  if (bytes[from] === SLASH) return true;
  if (bytes[from] === ASTERISK) return to - from === 1 && method === 'OPTIONS';
  return isAbsolute(bytes, from, to);
}

/**
 * Whether the target has the absolute form, which clients of a gateway or proxy send. User information is refused: RFC
 * 9110, 4.2.4, calls it a sign of an attack.
 */
function isAbsolute(bytes: Buffer, from: number, to: number): boolean {
  const match = ABSOLUTE.exec(latin1(bytes, from, to));
  return match !== null && isAuthority(bytes, from + match[1]!.length, from + match[0].length);
}

/** The parts of a target. None is decoded. */
export interface Target {
  /** The path, which starts with a slash; or `*` of OPTIONS, or `host:port` of CONNECT. */
  readonly path: string;
  /** The query, without its question mark. */
  readonly query: string;
  /** The host of the absolute form, where it stands for the field Host; undefined in other forms. */
  readonly host: string | undefined;
}

export function splitTarget(target: string): Target {
  const absolute = target.charCodeAt(0) === SLASH ? null : ABSOLUTE.exec(target);
  let rest = absolute === null ? target : target.slice(absolute[0].length);
  // No client should send a fragment, and none is part of the resource: RFC 9112, 3.2.4.
  const fragment = rest.indexOf('#');
  if (fragment >= 0) rest = rest.slice(0, fragment);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return { path: path === '' ? '/' : path, query: mark < 0 ? '' : rest.slice(mark + 1), host: absolute?.[2] };
}
