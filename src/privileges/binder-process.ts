/**
 * The binder is the one process that keeps root's rights where `--user` is given. It binds ports below 1024 for the
 * primary and does nothing else: it reads no file of the application, no variable and no path, and starts nothing.
 *
 * The binder runs as a process of its own (`node binder.cjs <ports>`, where ports are JSON or `null`), in its own
 * session, with an empty environment and in the root directory. It ends when the last primary has closed the channel.
 */
import type { SendHandle } from 'node:child_process';
import { constants } from 'node:os';
import { bindTcp, bindUdp, type Bound, type NativeHandle } from '../listeners/native.ts';
import {
  binderRequestOf,
  type BinderAnswer,
  type BinderFarewell,
  type BinderRequest,
  type BindQuery,
} from './binder-messages.ts';
import { PortPolicy } from './privileged-ports.ts';

const EACCES = -constants.errno.EACCES;

type RequestOf<Kind extends BinderRequest['binder']> = Extract<BinderRequest, { binder: Kind }>;
type Handlers = { readonly [Kind in BinderRequest['binder']]: (request: RequestOf<Kind>) => void };

const policy = new PortPolicy((JSON.parse(process.argv[2] ?? 'null') as number[] | null) ?? undefined);

const handlers: Handlers = {
  bind: ({ id, query }) => {
    const bound = policy.permits(query.port) ? bind(query) : { errno: EACCES };
    if ('errno' in bound) return answer({ binder: 'bound', id, errno: bound.errno });
    policy.note(query.port);
    answer({ binder: 'bound', id, errno: 0 }, bound.handle);
  },
  restrict: ({ ports }) => policy.restrict(ports),
  seal: () => policy.seal(),
};

function bind({ transport, address, port, family, reuseport, ipv6Only }: BindQuery): Bound {
  const bindAs = transport === 'tcp' ? bindTcp : bindUdp;
  return bindAs(address, port, family, { reuseport, ipv6Only });
}

/** Sends an answer and closes the local handle, because the primary's copy is the one that counts. */
function answer(message: BinderAnswer, handle?: NativeHandle): void {
  process.send!(message, handle as unknown as SendHandle, {}, () => handle?.close());
}

function leave(): void {
  const farewell: BinderFarewell = { binder: 'done' };
  process.send!(farewell, undefined, {}, () => process.disconnect());
}

process.on('message', (message, handle) => {
  // The primary has no reason to send a handle. A connection has `destroy`, all other handles have `close`.
  const uninvited = handle as { destroy?(): void; close?(): void } | undefined;
  if (uninvited?.destroy === undefined) uninvited?.close?.();
  else uninvited.destroy();
  const request = binderRequestOf(message);
  if (request === undefined) return;
  (handlers[request.binder] as (request: BinderRequest) => void)(request);
  if (policy.isVoid) leave();
});
// systemd and container runtimes signal every process of a service. The primary needs this one until it has ended
// itself.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
