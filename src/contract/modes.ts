/**
 * How workers share an address. `reuseport`: each slot has a socket, and the kernel spreads connections over them.
 * `shared`: every worker accepts from one socket. `round-robin`: the primary accepts, by node:cluster's own scheduling.
 */
export type Sharing = 'reuseport' | 'shared' | 'round-robin';

/**
 * Which worker serves a connection. `kernel`: the worker that accepted it. `auto`: the same worker, and connections that
 * a worker has too many move to others. `least-connections`: a worker with fewer connections, chosen as soon as the
 * connection is accepted. `sticky-ip`: the one that the client belongs to.
 */
export type Balance = 'auto' | 'kernel' | 'least-connections' | 'sticky-ip';

/**
 * Whether connections move to other workers. `on`: where there is a reason; `every-answer`: after each answer, which finds what an
 * application keeps by connection.
 */
export type Migrate = 'on' | 'off' | 'every-answer';

/**
 * The address families of a TCP address without a host. `tcp` binds both where the machine has both; `tcp4` and `tcp6`
 * bind only that one. The names are those of Go's `net.Listen`, which fasthttp's prefork accepts too.
 */
export type Network = 'tcp' | 'tcp4' | 'tcp6';
