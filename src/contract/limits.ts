/** As many workers as `--workers` takes, and a scale. */
export const MOST_WORKERS = 1024;

/** As many workers as can balance among themselves: a row of the scoreboard tells of so many other slots. */
export const MOST_BALANCED_WORKERS = 128;

/** Time between two beats of a worker, in which it writes its row. The primary looks at the rows as often. */
export const BEAT_MS = 250;

/** A worker that has not beaten for so long hangs: the primary has its neighbours accept for it, and nothing is handed to it. */
export const HUNG_AFTER_MS = 1000;
