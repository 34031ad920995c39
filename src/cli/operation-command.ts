import type { AskedKind, AskedTargets } from '../contract/operations.ts';
import type { Done } from './operation.ts';
import type { VerbLine, VerbShape } from './verb-line.ts';

/** What the command of an operation adds to its row in contract/operations.ts. An operation without a file adds nothing. */
export interface OperationCommand<Kind extends AskedKind> {
  readonly shape?: VerbShape;
  /** True when `--all` asks every server for it. @default false */
  readonly hasAll?: true;
  /** What the help says after the usage. */
  readonly help: string;
  /** Reads the body of the request from the command line. @throws UsageError */
  readonly target: (line: VerbLine) => AskedTargets[Kind];
  /** What the command prints when the operation is done. @default `gen` and `in` */
  readonly fields?: (done: Done) => Readonly<Record<string, string | number>>;
}
