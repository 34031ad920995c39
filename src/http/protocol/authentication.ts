/**
 * Whether a value of `Authorization` says who is at the other end of the connection, for all requests to come on it, which have no
 * such field: NTLM, and Negotiate, which may be that (RFC 4559).
 */
export function authenticatesConnection(authorization: string): boolean {
  return /^(?:ntlm|negotiate)(?: |$)/i.test(authorization);
}
