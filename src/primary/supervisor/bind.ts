/** Binds addresses: the primary itself does, and the binder binds those that the primary's user may not bind. */
import { constants } from 'node:os';
import type { BindUdp } from '../../listeners/datagram-sockets.ts';
import type { BindTcp } from '../../listeners/listener.ts';
import { bindTcp, bindUdp, type Bound } from '../../listeners/native.ts';
import type { BindQuery } from '../../privileges/binder-messages.ts';
import type { SupervisorParts } from './supervisor-parts.ts';

const EACCES = -constants.errno.EACCES;
const PORT_REFUSED = 'it is not among those of --bind, or of the first start where there is none';
const NO_BINDER = 'no process with the right to bind it is left; start the server again';

type BindParts = Pick<SupervisorParts, 'binder' | 'log'>;

export function bindTcpWith(parts: BindParts): BindTcp {
  const told = new Set<string>();
  return ({ address, port, family, ...options }) => {
    const own = bindTcp(address, port, family, options);
    return orByBinder({ ...parts, told }, own, { transport: 'tcp', address, port, family, ...options });
  };
}

export function bindUdpWith(parts: BindParts): BindUdp {
  const told = new Set<string>();
  return ({ address, port, family, ipv6Only, reuseAddress }, reuseport) => {
    const own = bindUdp(address, port, family, { ipv6Only, reuseAddress, reuseport });
    return orByBinder({ ...parts, told }, own, { transport: 'udp', address, port, family, ipv6Only, reuseport });
  };
}

/** @param told what was logged: a worker may ask as often as it likes. */
function orByBinder(
  { binder, log, told }: BindParts & { readonly told: Set<string> },
  own: Bound,
  query: BindQuery,
): Bound | Promise<Bound> {
  if (binder === undefined || !isRefused(own)) return own;
  return binder.bind(query).then((bound) => {
    const { port } = query;
    const message = binder.isGone ? NO_BINDER : PORT_REFUSED;
    if (isRefused(bound) && !told.has(`${port} ${message}`)) {
      told.add(`${port} ${message}`);
      log('port refused', { port, message });
    }
    return bound;
  });
}

function isRefused(bound: Bound): boolean {
  return 'errno' in bound && bound.errno === EACCES;
}
