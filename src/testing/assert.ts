import { AssertionError } from 'node:assert';
import { checkKeys, checkValue, fail } from '../options/check.ts';
import { quote } from '../options/quote.ts';
import type { App, Exit } from './app/app.ts';
import { Load } from './load/load.ts';
import { checkLoad, loadKeys, type LoadOptions, type LoadSettings } from './load/load-options.ts';
import type { LoadReport } from './load/recorder.ts';
import { endedWell, failureOf, serverOf, withServer, type Subject } from './app/subject.ts';
import { serverKeys, type ServerOptions } from './app/server-options.ts';
import { formatLosses, formatReport } from './load/text.ts';

/** The options of `assertNoLostRequests` other than those of the server. */
export interface DuringOptions extends LoadOptions {
  /** Changes the server while the load is on. The load goes on until the returned promise settles. */
  readonly during: (app: App, load: Load) => unknown;
  /** The least number of answers, because fewer prove too little. @default 1 */
  readonly atLeast?: number | undefined;
}

/** With the server, or `app`. */
export type AssertOptions = DuringOptions & Subject;

/** Requests were lost, too few were answered, or the server did not end well. */
export class LostRequestsError extends AssertionError {
  readonly report: LoadReport;

  /** @internal */
  constructor(message: string, report: LoadReport, options?: ErrorOptions) {
    super({ message, operator: 'assertNoLostRequests', expected: 0, actual: report.lost });
    this.report = report;
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

/**
 * Starts the server, keeps it busy, runs `during`, and asserts that every request was answered. The load starts before
 * `during` is called, when each client has had an answer. It ends when each client has had another answer after
 * `during`. Then the server is stopped and must end with exit code 0. A server that was given as `app` keeps running.
 *
 * @returns the report of the load.
 * @throws LostRequestsError with the report, the first losses, and what the server logged then.
 * @throws what `during` threw, when nothing was lost: an OperationFailed, for example.
 *
 * @example
 * const report = await assertNoLostRequests({
 *   entry: 'server.js',
 *   during: async (app) => {
 *     for (let i = 0; i < 5; i++) await app.reload();
 *   },
 * });
 */
export async function assertNoLostRequests(options: AssertOptions): Promise<LoadReport> {
  const { during, atLeast, load, server } = check(options);
  const test = (app: App): Promise<LoadReport> => keepBusyDuring(app, load, during, atLeast);
  return withServer(options, server, test, assertGoodEnd);
}

interface Checked {
  readonly during: DuringOptions['during'];
  readonly atLeast: number;
  readonly load: LoadSettings;
  /** Undefined when there is a server already. */
  readonly server: ServerOptions | undefined;
}

function check(options: AssertOptions): Checked {
  const { during, atLeast = 1 } = options;
  checkKeys('', Object.keys(options), ['app', 'during', 'atLeast', ...serverKeys, ...loadKeys]);
  if (typeof during !== 'function') fail('during', 'a function of the app, such as (app) => app.reload()', during);
  checkValue({ type: 'integer', min: 1 }, 'atLeast', atLeast);
  const load = checkLoad(options);
  return { during, atLeast, load, server: serverOf(options) };
}

async function keepBusyDuring(
  app: App,
  settings: LoadSettings,
  during: DuringOptions['during'],
  atLeast: number,
): Promise<LoadReport> {
  const load = new Load(app.target, settings);
  const failure = await failureOf(async () => {
    await load.everyClientAnswered();
    await during(app, load);
    await load.everyClientAnswered();
  });
  const report = await load.stop();
  if (report.lost > 0) throw lostRequests(`${report.lost} requests were lost`, report, app, failure?.error);
  if (failure !== undefined) throw failure.error;
  if (report.answered < atLeast) {
    throw lostRequests(`${report.answered} requests were answered, and at least ${atLeast} should be`, report, app);
  }
  return report;
}

function assertGoodEnd(exit: Exit, app: App, report: LoadReport): void {
  if (endedWell(exit, app)) return;
  const message = `nothing was lost, but SIGTERM ended the server with code=${exit.code} signal=${exit.signal}`;
  throw new LostRequestsError(`${message}\n${app.stderr}`, report);
}

function lostRequests(what: string, report: LoadReport, app: App, cause?: unknown): LostRequestsError {
  const why = cause === undefined ? [] : [`and then: ${cause instanceof Error ? cause.message : quote(cause)}`];
  const text = [what, ...why, formatReport(report), formatLosses(report, app.output)].filter((part) => part !== '');
  return new LostRequestsError(text.join('\n'), report, { cause });
}
