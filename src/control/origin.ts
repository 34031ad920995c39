/** The headers that a browser adds to a request. Other clients may leave them out. */
export interface Provenance {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly fetchSite?: string | undefined;
}

/**
 * Accepts localhost and the loopback's addresses, each with an optional port, and no host at all, as a browser names one. Any other
 * name of one label could be a neighbour's (LLMNR, NetBIOS).
 */
const localHost = /^(localhost|127\.0\.0\.1|\[::1\])?(:\d+)?$/i;

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
