/**
 * How workers share an address. `reuseport`: a socket per slot, and the kernel spreads connections over them;
 * `shared`: one socket that every worker accepts from; `round-robin`: node:cluster's own, the primary accepts.
 */
export type Sharing = 'reuseport' | 'shared' | 'round-robin';

/**
 * Who serves a connection that a worker accepted. `kernel`: that worker; `least-connections`: another one that has fewer;
 * `sticky-ip`: the one whose client it is.
 */
export type Balance = 'kernel' | 'least-connections' | 'sticky-ip';
