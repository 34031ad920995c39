import type { Comparison } from './canary.ts';

/**
 * The outcome of an operation, after `took` ms. `reason` is one line. `stderr` is the last output of the worker that
 * failed, and `slot` is the slot that it was meant for. `again` means that nothing was done because the server was
 * upgraded meanwhile. The new primary, under the same name, can do it. `comparison` is of a reload with a canary: how the
 * generations compared.
 */
export type Outcome =
  | {
      readonly ok: true;
      readonly generation: number;
      readonly workers: number;
      readonly took: number;
      readonly comparison?: Comparison;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly slot?: number | undefined;
      readonly stderr?: string | undefined;
      readonly again?: true;
      readonly comparison?: Comparison;
    };
