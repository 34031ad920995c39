/**
 * How workers share an address. `reuseport`: a socket per slot, and the kernel spreads connections over them;
 * `shared`: one socket that every worker accepts from; `round-robin`: node:cluster's own, the primary accepts.
 */
export type Sharing = 'reuseport' | 'shared' | 'round-robin';

/**
 * Who serves a connection. `kernel`: the worker that accepted it; `auto`: the same, and of what a worker has too many some moves to
 * others; `least-connections`: another one that has fewer, from the start, too; `sticky-ip`: the one whose client it is.
 */
export type Balance = 'auto' | 'kernel' | 'least-connections' | 'sticky-ip';

/**
 * Whether connections move to other workers. `on`: where there is a reason; `every-answer`: after each answer, which finds what an
 * application keeps by connection.
 */
export type Migrate = 'on' | 'off' | 'every-answer';

/**
 * Which address families a TCP address without a host is bound to: `tcp` both, where the machine has both; `tcp4`
 * and `tcp6` that one alone. The names are Go's (`net.Listen`), which fasthttp's prefork takes too.
 */
export type Network = 'tcp' | 'tcp4' | 'tcp6';
