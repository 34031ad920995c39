import type { AskedKind, AskedTargets } from '../contract/operations.ts';
import type { Done } from './operation.ts';
import type { VerbLine, VerbShape } from './verb-line.ts';

/** What the command of an operation has beside its row in contract/operations.ts. Without a file it has none of it. */
export interface OperationCommand<Kind extends AskedKind> {
  readonly shape?: VerbShape;
  /** What the help says after the usage. */
  readonly help: string;
  /** What the operation is asked with. @throws UsageError */
  readonly target: (line: VerbLine) => AskedTargets[Kind];
  /** What is printed when it is done. @default `gen` and `in` */
  readonly fields?: (done: Done) => Readonly<Record<string, string | number>>;
}
