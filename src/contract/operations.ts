/**
 * The operations that change the fleet as a whole have one row each. The route and its body, the client, the command and the
 * words of `/status` come from these rows. The file of an operation in primary/fleet/operations says what it does.
 */

import type { CanaryShare } from './canary.ts';
import { MOST_WORKERS } from './limits.ts';
import { keysOf } from './tables.ts';

/**
 * What a field of a request's body may be. A path is absolute, and only the control socket accepts one. `true` is a
 * field that is not given otherwise.
 */
export type OperationField =
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'path' }
  | { readonly type: 'true' }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  /** A number of workers, or a share of them: `2` or `25%`. */
  | { readonly type: 'share' };

export interface OperationRow {
  /** The fields of the POST's body. Without them, only the primary starts the operation: there is no route and no command. */
  readonly fields?: Readonly<Record<string, OperationField>>;
  /** Exactly one of the fields must be given. This text completes an error that begins with `expected`. */
  readonly oneOf?: string;
  /** The usage and the effect of the command, as the help shows them. */
  readonly usage?: string;
  readonly about?: string;
}

export const operationRows = {
  reload: {
    // `watch` is in ms. What is not given is as the options of the server say.
    fields: {
      canary: { type: 'share' },
      watch: { type: 'integer', min: 1000, max: 86_400_000 as number },
      onDoubt: { type: 'choice', choices: ['rollback', 'continue'] },
    },
    usage: 'reload [--all] [--canary <n|n%>]',
    about: 'Replace the workers one by one; returns when the new ones serve or one failed.',
  },
  promote: {
    fields: {},
    usage: 'promote',
    about: 'End the watch of a canary: replace the other workers, too.',
  },
  rollback: {
    fields: {},
    usage: 'rollback',
    about: 'Return to the generation before the last reload, which --keep-previous keeps.',
  },
  scale: {
    fields: {
      workers: { type: 'integer', min: 1, max: MOST_WORKERS as number },
      // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- isolatedDeclarations needs it
      by: { type: 'integer', min: -MOST_WORKERS as number, max: MOST_WORKERS as number },
      auto: { type: 'true' },
    },
    oneOf: 'either workers (how many there should be), by (how many more or fewer) or auto (true)',
    usage: 'scale <n|+n|-n|auto>',
    about: 'Run n workers, n more or fewer than now, or as many as the load needs.',
  },
  recycle: {},
  upgrade: {
    // Both are paths of the node for the next primary. The server ignores `preferNode` when it cannot run it.
    fields: { node: { type: 'path' }, preferNode: { type: 'path' } },
    usage: 'upgrade',
    about: 'Replace the primary itself, for a new prefork or node.',
  },
} as const;

type Rows = typeof operationRows;

export type OperationKind = keyof Rows;

/** The operations that can be asked for from outside the primary. */
export type AskedKind = {
  [Kind in OperationKind]: Rows[Kind] extends { fields: object } ? Kind : never;
}[OperationKind];

type ValueOf<Field> = Field extends { type: 'integer' }
  ? number
  : Field extends { type: 'true' }
    ? true
    : Field extends { type: 'choice'; choices: ReadonlyArray<infer Choice> }
      ? Choice
      : Field extends { type: 'share' }
        ? CanaryShare
        : string;

/** A row with `oneOf` gives a union of objects with one field each. Any other row gives an object whose fields are optional. */
type TargetOf<Row> = Row extends { fields: infer Fields; oneOf: string }
  ? { [Name in keyof Fields]: { readonly [Only in Name]: ValueOf<Fields[Name]> } }[keyof Fields]
  : Row extends { fields: infer Fields }
    ? { readonly [Name in keyof Fields]?: ValueOf<Fields[Name]> | undefined }
    : never;

/** The number of workers: absolute, relative to the present number, or by the load. */
export type ScaleTarget = AskedTargets['scale'];

/** The body of the POST that asks for each operation. */
export type AskedTargets = { readonly [Kind in AskedKind]: TargetOf<Rows[Kind]> };

export const operationKinds: readonly OperationKind[] = keysOf(operationRows);

export const askedKinds: readonly AskedKind[] = operationKinds.filter(
  (kind): kind is AskedKind => rowOf(kind).fields !== undefined,
);

export function rowOf(kind: OperationKind): OperationRow {
  return operationRows[kind];
}
