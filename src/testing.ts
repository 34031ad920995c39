/**
 * `prefork/testing`: with it a test proves that an application loses no request while it is reloaded, scaled, upgraded or
 * whatever else happens to it. See docs/testing.md.
 *
 * @example
 * import { assertNoLostRequests } from 'prefork/testing';
 * await assertNoLostRequests({ entry: 'server.js', during: (app) => app.reload() });
 */
export type { Answer } from './testing/answer.ts';
export type { App, Done, Exit } from './testing/app.ts';
export { assertNoLostRequests, LostRequestsError, type AssertOptions, type DuringOptions } from './testing/assert.ts';
export { OperationFailed } from './testing/control.ts';
export { startLoad, type Load } from './testing/load.ts';
export type { LoadOptions } from './testing/load-options.ts';
export type { LogEvent, OutputLine } from './testing/log.ts';
export { lossCauses, type LossCause } from './testing/loss.ts';
export type { LoadReport, Loss } from './testing/recorder.ts';
export { isEcho, type LoadRequest, type Sent } from './testing/request.ts';
export type { ConnectionHistory } from './testing/route.ts';
export { startServer } from './testing/server.ts';
export type { ServerOptions } from './testing/server-options.ts';
export type { Counts } from './testing/tally.ts';
export type { Target } from './testing/target.ts';
export { formatLosses, formatReport } from './testing/text.ts';
export type { Outcome, ScaleTarget, Status } from './control/controls.ts';
