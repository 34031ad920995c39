/**
 * Whether a value of `Authorization` names the client for the whole connection, so that later requests on it have no
 * such field. NTLM does so, and Negotiate, which may be NTLM (RFC 4559).
 */
export function authenticatesConnection(authorization: string): boolean {
  return /^(?:ntlm|negotiate)(?: |$)/i.test(authorization);
}
