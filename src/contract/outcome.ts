/**
 * How an operation ended, after `took` ms. `reason` is one line, `stderr` the last that the worker which failed had to say,
 * and `slot` where it was to serve. `again`: nothing was done, since the server was upgraded meanwhile; its new primary, under
 * the same name, can do it.
 */
export type Outcome =
  | { readonly ok: true; readonly generation: number; readonly workers: number; readonly took: number }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly slot?: number | undefined;
      readonly stderr?: string | undefined;
      readonly again?: true;
    };

/** How many workers there should be: a number, or so many more or fewer than now. */
export type ScaleTarget = { readonly workers: number } | { readonly by: number };
