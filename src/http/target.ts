import { CLASSES, COLON, DIGIT, HOST, latin1 } from './bytes.ts';

const SLASH = 47;
const ASTERISK = 42;

/** Whether the target has the form that the method asks for. RFC 9112, 3.2; its bytes are VCHAR. */
export function isTarget(method: string, bytes: Buffer, from: number, to: number): boolean {
  if (method === 'CONNECT') return isAuthority(bytes, from, to);
  if (bytes[from] === SLASH) return true;
  if (bytes[from] === ASTERISK) return to - from === 1 && method === 'OPTIONS';
  return isAbsolute(latin1(bytes, from, to));
}

/** `host:port`, the port being obligatory. */
function isAuthority(bytes: Buffer, from: number, to: number): boolean {
  let at = to - 1;
  while (at >= from && (CLASSES[bytes[at]!]! & DIGIT) !== 0) at--;
  if (bytes[at] !== COLON || at === to - 1 || at <= from) return false;
  while (--at >= from) if ((CLASSES[bytes[at]!]! & HOST) === 0) return false;
  return true;
}

/** Of a gateway's or proxy's client. User information is refused: RFC 9110, 4.2.4, calls it a sign of an attack. */
function isAbsolute(target: string): boolean {
  return /^https?:\/\/[-._~%!$&'()*+,;=:[\]0-9a-z]+(?:[/?]|$)/i.test(target);
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
  const absolute = target.charCodeAt(0) === SLASH ? null : /^https?:\/\/([^/?]+)/i.exec(target);
  let rest = absolute === null ? target : target.slice(absolute[0].length);
  // RFC 9112, 3.2.4: no client should send a fragment, and none is part of the resource.
  const fragment = rest.indexOf('#');
  if (fragment >= 0) rest = rest.slice(0, fragment);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return { path: path === '' ? '/' : path, query: mark < 0 ? '' : rest.slice(mark + 1), host: absolute?.[1] };
}
