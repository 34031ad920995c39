/**
 * The operations that change the fleet as a whole: one row each. The route and its body, the commands' client, the command and
 * the words of `/status` come from these rows; what an operation does is its file in primary/fleet/operations.
 */

import { MOST_WORKERS } from './limits.ts';

/** What a field of a request's body may be. A path is absolute, and is taken over the control socket alone. */
export type OperationField =
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'path' };

export interface OperationRow {
  /** Fields of the body of its POST; undefined: only the primary itself asks for it, and it has no route and no command. */
  readonly fields?: Readonly<Record<string, OperationField>>;
  /** Exactly one of the fields is given. Completes `expected`. */
  readonly oneOf?: string;
  /** The command as the help shows it, and what it does. */
  readonly usage?: string;
  readonly about?: string;
}

export const operationRows = {
  reload: {
    fields: {},
    usage: 'reload',
    about: 'Replace the workers one by one; returns when the new ones serve, or failed.',
  },
  scale: {
    fields: {
      workers: { type: 'integer', min: 1, max: MOST_WORKERS as number },
      // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- isolatedDeclarations needs it
      by: { type: 'integer', min: -MOST_WORKERS as number, max: MOST_WORKERS as number },
    },
    oneOf: 'either workers, how many there should be, or by, how many more or fewer',
    usage: 'scale <n|+n|-n>',
    about: 'Run so many workers, or so many more or fewer.',
  },
  recycle: {},
  upgrade: {
    // The node that is to run the next primary; and one that is taken only where the server can run it.
    fields: { node: { type: 'path' }, preferNode: { type: 'path' } },
    usage: 'upgrade',
    about: 'Replace the primary itself, for a new prefork or node.',
  },
} as const;

type Rows = typeof operationRows;

export type OperationKind = keyof Rows;

/** Those that can be asked for from outside the primary. */
export type AskedKind = {
  [Kind in OperationKind]: Rows[Kind] extends { fields: object } ? Kind : never;
}[OperationKind];

type ValueOf<Field> = Field extends { type: 'integer' } ? number : string;

/** With `oneOf` a union of objects that have one field, else an object that may have each. */
type TargetOf<Row> = Row extends { fields: infer Fields; oneOf: string }
  ? { [Name in keyof Fields]: { readonly [Only in Name]: ValueOf<Fields[Name]> } }[keyof Fields]
  : Row extends { fields: infer Fields }
    ? { readonly [Name in keyof Fields]?: ValueOf<Fields[Name]> | undefined }
    : never;

/** How many workers there should be: a number, or so many more or fewer than now. */
export type ScaleTarget = AskedTargets['scale'];

/** What each is asked with, as the body of its POST has it. */
export type AskedTargets = { readonly [Kind in AskedKind]: TargetOf<Rows[Kind]> };

export const operationKinds: readonly OperationKind[] = Object.keys(operationRows) as OperationKind[];

export const askedKinds: readonly AskedKind[] = operationKinds.filter(
  (kind): kind is AskedKind => rowOf(kind).fields !== undefined,
);

export function rowOf(kind: OperationKind): OperationRow {
  return operationRows[kind];
}
