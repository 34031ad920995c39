import { existsSync } from 'node:fs';
import process from 'node:process';
import { mayHaveHosts } from './host.ts';

/** Debian keeps them where they are for root alone, or for all. */
const PLACES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const PROGRAMS = ['ip', 'unshare', 'nsenter', 'bash', 'haproxy', 'nginx', 'redis-server', 'prometheus'];

/** Returns the reason why there can be no lab, or false, as `skip` takes it. @param more programs beside the usual */
export async function noLab(...more: string[]): Promise<string | false> {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs Linux and root';
  const missing = [...PROGRAMS, ...more].filter((name) => !PLACES.some((place) => existsSync(`${place}/${name}`)));
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  return (await mayHaveHosts()) ? false : 'may not make networks, or file systems, of its own';
}
