/**
 * Checks the kernel's socket settings in /proc/sys/net. A container has its own values, which are set when it is
 * created.
 */
import { findings, type Check } from './finding.ts';
import type { Machine } from './machine.ts';

/** Node's default backlog: this many connections may wait in each listening socket until a worker accepts them. */
const BACKLOG = 511;

/**
 * With fewer ports, some hundred outgoing connections a second exhaust them, because a port stays taken for a minute
 * after its connection ends.
 */
const FEW_PORTS = 10_000;

const queue = findings(
  'somaxconn',
  `The kernel limits the queue of each listening socket to this. Node asks for ${BACKLOG}. When a burst fills the queue, clients wait a second or more.`,
);

const somaxconn: Check = (machine) => {
  const most = sysctl(machine, 'net.core.somaxconn');
  if (most === undefined) return undefined;
  return most >= BACKLOG
    ? queue.ok(`${most}, for a backlog of ${BACKLOG}`)
    : queue.problem(`${most}, less than the backlog of ${BACKLOG}`, ...setting('net.core.somaxconn', '4096'));
};

const handshakes = findings(
  'tcp_max_syn_backlog',
  'A listening socket allows this many handshakes at a time. SYN cookies help out when there are more.',
);

const synBacklog: Check = (machine) => {
  const most = sysctl(machine, 'net.ipv4.tcp_max_syn_backlog');
  if (most === undefined) return undefined;
  if (most >= BACKLOG) return handshakes.ok(String(most));
  const mend = setting('net.ipv4.tcp_max_syn_backlog', '4096');
  return sysctl(machine, 'net.ipv4.tcp_syncookies') === 0
    ? handshakes.problem(`${most}, and SYN cookies are off: handshakes of a burst are dropped`, ...mend)
    : handshakes.note(`${most}: in a burst SYN cookies take over, without TCP options`, ...mend);
};

const ports = findings(
  'ip_local_port_range',
  'Every connection that the application makes, to a database or another service, takes one of these ports.',
);

const portRange: Check = ({ read }) => {
  const [first, last] = (read('/proc/sys/net/ipv4/ip_local_port_range') ?? '').trim().split(/\s+/).map(Number);
  if (first === undefined || last === undefined) return undefined;
  const count = last - first + 1;
  return count >= FEW_PORTS
    ? ports.ok(`${count} ports, ${first} to ${last}`)
    : ports.note(`${count} ports, ${first} to ${last}`, ...setting('net.ipv4.ip_local_port_range', '"15000 65000"'));
};

const migration = findings(
  'tcp_migrate_req',
  'When it is on and a slot goes away (prefork scale -1), the connections that wait in its socket move to the others. When it is off, a handshake that completes just then is reset.',
);

const migrateRequests: Check = (machine) => {
  const value = sysctl(machine, 'net.ipv4.tcp_migrate_req');
  if (value === undefined || machine.sharing.mode !== 'reuseport') return undefined;
  return value === 1 ? migration.ok('on') : migration.note('off', ...setting('net.ipv4.tcp_migrate_req', '1'));
};

export const networkChecks: readonly Check[] = [somaxconn, synBacklog, portRange, migrateRequests];

function sysctl({ read }: Machine, name: string): number | undefined {
  const text = read(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function setting(name: string, value: string): string[] {
  return [`sysctl -w ${name}=${value}`, `in Docker: docker run --sysctl ${name}=${value}`];
}
