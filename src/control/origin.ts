/** What a browser adds to a request, and whoever sends one may leave out. */
export interface Provenance {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly fetchSite?: string | undefined;
}

/** `localhost`, any name of one label as in `curl http://prefork/`, and the loopback's addresses; then perhaps a port. */
const localHost = /^([\w-]*|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Why the request is not answered, as a web page may be behind it; undefined when none is.
 *
 * No browser opens a Unix socket, so this is for the day on which somebody forwards a port to it: a page of any site can
 * then send a POST to that port, which has an Origin, and one whose name is made to resolve to this machine can also read
 * answers, but has its name in Host.
 */
export function refusal({ host = '', origin, fetchSite = 'none' }: Provenance): string | undefined {
  if (origin !== undefined) return 'requests of web pages (with an Origin) are not answered';
  if (fetchSite !== 'none') return 'requests of web pages (with Sec-Fetch-Site) are not answered';
  return localHost.test(host) ? undefined : 'expected localhost as the host';
}
