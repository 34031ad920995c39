/** The largest number of workers for `--workers` and a scale. */
export const MOST_WORKERS = 1024;

/**
 * The largest number of workers that can balance among themselves, because a row of the scoreboard has room for this
 * many slots.
 */
export const MOST_BALANCED_WORKERS = 128;

/**
 * The number of listening sockets, and of UDP sockets at fixed ports, that one worker may have at a time, with the requests
 * for more that wait. The next request is refused with EMFILE, as by a kernel that gives no more descriptors.
 */
export const MOST_SOCKETS = 1024;

/**
 * The number of addresses that a slot's workers may have open together, those included that one which crashed has left to the next. A
 * slot has up to four workers at a time: in a reload, the one that boots and those that are parked.
 */
export const MOST_SOCKETS_OF_SLOT: number = 4 * MOST_SOCKETS;

/**
 * The time between two beats of a worker, at which it writes its row. The primary reads the rows at the same interval.
 */
export const BEAT_MS = 250;

/**
 * A worker that has not beaten for this long hangs. Its neighbours then accept for it, and no connection is handed to
 * it.
 */
export const HUNG_AFTER_MS = 1000;
