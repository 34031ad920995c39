/**
 * Whether a value of `Authorization` or `Proxy-Authorization` names the client for the whole connection, so that later requests on it
 * have no such field. NTLM does so, and Negotiate, which may be NTLM (RFC 4559). The scheme ends where its token does (RFC 9110, 5.6.2),
 * whatever comes behind it: an application may read more than the grammar allows, and a pin too many costs a move only.
 */
export function authenticatesConnection(credentials: string): boolean {
  return /^\s*(?:ntlm|negotiate)(?![-!#$%&'*+.^`|~\w])/i.test(credentials);
}
