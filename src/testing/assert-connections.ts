import { AssertionError } from 'node:assert';
import { checkKeys, checkValue, fail } from '../options/check.ts';
import { quote } from '../options/quote.ts';
import type { App, Exit } from './app/app.ts';
import { serverKeys, type ServerOptions } from './app/server-options.ts';
import { endedWell, failureOf, serverOf, withServer, type Subject } from './app/subject.ts';
import { KeptClient } from './kept/kept-client.ts';
import { formatConnections, reportOf, type ConnectionsReport } from './kept/report.ts';
import { Period } from './load/period.ts';
import { checkLoad, type LoadOptions, type LoadSettings } from './load/load-options.ts';

/** What `assertNoConnectionClosed` takes beside the server. */
export interface ConnectionsOptions extends Pick<LoadOptions, 'requests' | 'timeout' | 'pause'> {
  /** What happens to the server while the connections are open; awaited. */
  readonly during: (app: App) => unknown;
  /**
   * How many there are, of HTTP/1 without TLS. Every other one rests for a second after each answer; the others ask all the
   * time.
   *
   * @default 32
   */
  readonly connections?: number | undefined;
}

/** With the server, or `app`. */
export type AssertConnectionsOptions = ConnectionsOptions & Subject;

/** Connections were closed, or the server did not end well. */
export class ClosedConnectionsError extends AssertionError {
  readonly report: ConnectionsReport;

  /** @internal */
  constructor(message: string, report: ConnectionsReport, options?: ErrorOptions) {
    super({ message, operator: 'assertNoConnectionClosed', expected: 0, actual: report.closed.length });
    this.report = report;
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

/** Idle most of the time, and in use before Node's own `keepAliveTimeout` of 5 s has passed. */
const REST_MS = 1000;

const ownKeys = ['app', 'during', 'connections', 'requests', 'timeout', 'pause'];

/**
 * Starts the server, opens connections whose clients never reconnect, and runs `during`. It asserts that each connection is still
 * open, and still answered, when the old workers and primaries have left. No answer may say `Connection: close`. Then the
 * server is stopped, and has to end with exit code 0; one that was given as `app` goes on.
 *
 * @returns how many connections there were, and requests.
 * @throws ClosedConnectionsError that names the connections that were closed, when, how, and what was done to the server then.
 * @throws what `during` threw, when no connection was closed.
 *
 * @example
 * await assertNoConnectionClosed({
 *   entry: 'server.js',
 *   during: async (app) => {
 *     await app.reload();
 *     await app.scale(4);
 *     await app.upgrade();
 *   },
 * });
 */
export async function assertNoConnectionClosed(options: AssertConnectionsOptions): Promise<ConnectionsReport> {
  const { connections, settings, server } = check(options);
  const test = (app: App): Promise<ConnectionsReport> => keepDuring(app, connections, settings, options.during);
  return withServer(options, server, test, assertGoodEnd);
}

interface Checked {
  readonly connections: number;
  readonly settings: LoadSettings;
  /** Undefined: there is one already. */
  readonly server: ServerOptions | undefined;
}

function check(options: AssertConnectionsOptions): Checked {
  const { during, connections = 32, requests, timeout, pause } = options;
  checkKeys('', Object.keys(options), [...ownKeys, ...serverKeys]);
  if (typeof during !== 'function') fail('during', 'a function of the app, such as (app) => app.reload()', during);
  checkValue({ type: 'integer', min: 1, max: 10_000 }, 'connections', connections);
  return { connections, settings: checkLoad({ requests, timeout, pause }), server: serverOf(options) };
}

async function keepDuring(
  app: App,
  connections: number,
  { requests, timeout, pause }: LoadSettings,
  during: ConnectionsOptions['during'],
): Promise<ConnectionsReport> {
  const route = { target: app.target, tls: undefined, timeout };
  const clients = Array.from({ length: connections }, (_, nth) => new KeptClient(route, requests, nth >> 1));
  const askAll = (): Promise<unknown> => Promise.all(clients.map((client) => client.ask()));
  const period = new Period();
  try {
    await askAll();
    const asking = clients.map((client, nth) =>
      client.keepAsking(period, nth % 2 === 0 ? pause : Math.max(pause, REST_MS)),
    );
    const failure = await failureOf(async () => {
      await during(app);
      await app.settled();
    });
    period.end();
    await Promise.all(asking);
    await askAll();
    const report = reportOf(clients, app.actions);
    if (report.closed.length > 0) throw closedConnections(report, app, failure?.error);
    if (failure !== undefined) throw failure.error;
    return report;
  } finally {
    period.end();
    for (const client of clients) client.end();
  }
}

function closedConnections(report: ConnectionsReport, app: App, cause?: unknown): ClosedConnectionsError {
  const why = cause === undefined ? [] : [`and then: ${cause instanceof Error ? cause.message : quote(cause)}`];
  return new ClosedConnectionsError([...why, formatConnections(report, app.output)].join('\n'), report, { cause });
}

function assertGoodEnd(exit: Exit, app: App, report: ConnectionsReport): void {
  if (endedWell(exit, app)) return;
  const message = `no connection was closed, but SIGTERM ended the server with code=${exit.code} signal=${exit.signal}`;
  throw new ClosedConnectionsError(`${message}\n${app.stderr}`, report);
}
