/**
 * The binder is the one process that keeps root's rights where `--user` is given. It binds ports below 1024 for the
 * primary and does nothing else: it reads no file of the application, no variable and no path, and starts nothing.
 *
 * The binder runs as a process of its own (`node binder.cjs <ports> <primary>`, where ports are JSON or `null`, and the primary is a pid),
 * in its own session, with an empty environment and in the root directory. It ends when the primary says so or is gone, and when the
 * channel closes.
 */
import type { ChildProcess, SendHandle } from 'node:child_process';
import { constants } from 'node:os';
import { Intake } from '../ipc/intake.ts';
import { bindTcp, bindUdp, type Bound, type NativeHandle } from '../listeners/native.ts';
import {
  binderRequestOf,
  type BinderAnswer,
  type BinderFarewell,
  type BinderRequest,
  type BindQuery,
} from './binder-messages.ts';
import { PrimaryWatch } from './primary-watch.ts';
import { PortPolicy } from './privileged-ports.ts';

/** How often the binder looks whether the primary lives, ms. */
const LOOK_EVERY_MS = 1000;

/** At the so many-th message that no primary sends the channel is closed. */
const MOST_OFFENCES = 3;

const EACCES = -constants.errno.EACCES;

type RequestOf<Kind extends BinderRequest['binder']> = Extract<BinderRequest, { binder: Kind }>;
type Handlers = { readonly [Kind in BinderRequest['binder']]: (request: RequestOf<Kind>) => void };

const policy = new PortPolicy((JSON.parse(process.argv[2] ?? 'null') as number[] | null) ?? undefined);
const primary = new PrimaryWatch(Number(process.argv[3]));
let offences = 0;

const handlers: Handlers = {
  bind: ({ id, query }) => {
    const bound = policy.permits(query.port) ? bind(query) : { errno: EACCES };
    if ('errno' in bound) return answer({ binder: 'bound', id, errno: bound.errno });
    policy.note(query.port);
    answer({ binder: 'bound', id, errno: 0 }, bound.handle);
  },
  restrict: ({ ports }) => policy.restrict(ports),
  seal: () => policy.seal(),
  follow: ({ pid }) => primary.follow(pid),
  end: () => process.exit(),
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

// Node ends a process that reads a line of its channel which is no JSON, or an acknowledgement of nothing. Handles that are sent along are
// closed there too: the primary has no reason to send one.
Intake.of(
  process as unknown as ChildProcess,
  {
    malformed: () => {
      if (++offences >= MOST_OFFENCES) process.exit();
    },
    unusable: () => process.exit(),
  },
  { isClustered: false },
);
process.on('message', (message) => {
  const request = binderRequestOf(message);
  if (request === undefined) return;
  (handlers[request.binder] as (request: BinderRequest) => void)(request);
  if (policy.isVoid) leave();
});
process.once('disconnect', () => process.exit());
setInterval(() => {
  if (primary.isGone()) process.exit();
}, LOOK_EVERY_MS);
// systemd and container runtimes signal every process of a service. The primary needs this one until it has ended
// itself.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
