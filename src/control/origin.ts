/** The headers that a browser adds to a request. Other clients may leave them out. */
export interface Provenance {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly fetchSite?: string | undefined;
}

/**
 * Accepts any name of one label, as in `curl --unix-socket <path> http://prefork/status`, and the loopback's addresses, each with an
 * optional port. A neighbour may take such a name, but a browser comes here only by a port that was forwarded.
 */
const localHost = /^([\w-]*|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Returns why a request that may come from a web page is refused; undefined when nothing suggests that.
 *
 * No browser opens a Unix socket. This check matters once someone forwards a port to the socket. A page of any site can
 * then send a POST to that port, and such a request has an Origin. Browsers may also send Sec-Fetch-Site. A page whose
 * name is made to resolve to this machine can also read the answers, but it has its name in Host.
 */
export function refusal({ host = '', origin, fetchSite = 'none' }: Provenance): string | undefined {
  if (origin !== undefined) return 'requests from web pages (with an Origin) are refused';
  if (fetchSite !== 'none') return 'requests from web pages (with Sec-Fetch-Site) are refused';
  return localHost.test(host) ? undefined : 'expected localhost as the host';
}
