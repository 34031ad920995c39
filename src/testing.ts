/**
 * `prefork/testing` lets a test prove that an application loses no request while it is reloaded, scaled, upgraded or
 * otherwise disturbed. See docs/testing.md.
 *
 * @example
 * import { assertNoLostRequests } from 'prefork/testing';
 * await assertNoLostRequests({ entry: 'server.js', during: (app) => app.reload() });
 */
export type { Answer } from './testing/load/answer.ts';
export type { App, Done, Exit } from './testing/app/app.ts';
export { assertNoLostRequests, LostRequestsError, type AssertOptions, type DuringOptions } from './testing/assert.ts';
export {
  assertNoConnectionClosed,
  ClosedConnectionsError,
  type AssertConnectionsOptions,
  type ConnectionsOptions,
} from './testing/assert-connections.ts';
export { OperationFailed } from './testing/app/control.ts';
export type { ClosedBy } from './testing/kept/kept-client.ts';
export type { ClosedConnection, ConnectionsReport } from './testing/kept/report.ts';
export { startLoad, type Load } from './testing/load/load.ts';
export type { LoadOptions } from './testing/load/load-options.ts';
export type { LogEvent, OutputLine } from './testing/app/log.ts';
export { lossCauses, type LossCause } from './testing/load/loss.ts';
export type { LoadReport, Loss } from './testing/load/recorder.ts';
export { isEcho, type LoadRequest, type Sent } from './testing/load/request.ts';
export type { ConnectionHistory } from './testing/load/route.ts';
export { startServer } from './testing/app/server.ts';
export type { ServerOptions } from './testing/app/server-options.ts';
export type { Counts } from './testing/load/tally.ts';
export type { Target } from './testing/load/target.ts';
export { formatLosses, formatReport } from './testing/load/text.ts';
export type { ScaleTarget } from './contract/operations.ts';
export type { Outcome } from './contract/outcome.ts';
export type { Status } from './control/controls.ts';
