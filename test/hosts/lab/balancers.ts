import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { example } from '../../support/paths.ts';
import { APPLICATION_PORT } from './application.ts';
import type { Host } from './host.ts';
import type { Program } from './program.ts';

/** The two balancers of the lab, with the files that users are given, and where each listens. */
export const balancers = {
  haproxy: { file: 'haproxy.cfg', port: 8081 },
  nginx: { file: 'nginx.conf', port: 8082 },
} as const;

export type Balancer = keyof typeof balancers;

/** Starts HAProxy and nginx on a host. */
export async function startBalancers(host: Host, addresses: readonly string[]): Promise<Record<Balancer, Program>> {
  for (const [name, { file, port }] of Object.entries(balancers)) {
    host.write(`/srv/${file}`, withAddresses(readFileSync(example(`balancers/${file}`), 'utf8'), addresses, port));
    // The places that Debian's packages make.
    host.write(`/srv/${name}/keep`, '');
  }
  host.write('/run/haproxy/keep', '');
  const haproxy = host.start('/usr/sbin/haproxy', ['-db', '-f', '/srv/haproxy.cfg']);
  const nginx = host.start('/usr/sbin/nginx', [
    '-p',
    '/srv/nginx/',
    '-c',
    '/srv/nginx.conf',
    '-e',
    'stderr',
    '-g',
    NGINX,
  ]);
  return { haproxy, nginx };
}

/** Returns what HAProxy takes each server for, such as `UP`, `DOWN` or `UP 1/2`. */
export async function haproxyState(host: Host): Promise<Map<string, string>> {
  const socket = connect(host.path('/run/haproxy/admin.sock'));
  socket.end('show stat\n');
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
  const [head = '', ...rows] = text.split('\n');
  const status = head.split(',').indexOf('status');
  return new Map(
    rows.map((row) => row.split(',')).flatMap((row) => (row[0] === 'shop' ? [[row[1]!, row[status]!]] : [])),
  );
}

/** What the lab says to nginx beside the file: it is no service here. */
const NGINX = 'daemon off; pid /run/nginx.pid; worker_processes 1;';

/** The files name the hosts as users see them in their own networks. */
function withAddresses(text: string, addresses: readonly string[], port: number): string {
  const own = addresses.reduce((all, address, index) => all.replaceAll(`10.0.0.1${index + 1}:`, `${address}:`), text);
  if (!own.includes(`${addresses[0]}:${APPLICATION_PORT}`)) throw new Error('the file names other hosts');
  const changed = Object.entries(changes).reduce((all, [from, to]) => all.replaceAll(from, to), own);
  return changed.replaceAll(':80\n', `:${port}\n`).replaceAll('listen 80;', `listen ${port};`);
}

/**
 * The servers of the lab stop sooner, and a host that is cut off is given up sooner. A host that answers late because the
 * machine runs all of them is not given up.
 */
const changes = {
  'timeout check 500ms': 'timeout check 3s',
  'timeout server 30s': 'timeout server 8s',
  'proxy_read_timeout 30s': 'proxy_read_timeout 8s',
  'keepalive_timeout 4s': 'keepalive_timeout 1s',
};
