/** Counts the workers ever forked, from 1. A pid would not do: the kernel uses it again. */
export type WorkerId = number;

/** Identifies a client that asked for an operation and waits for its outcome. */
export type RequestId = number;
