/** The abilities of the Node that runs the tests, and so the applications in them. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fixture } from './paths.ts';

/** The modes of sharing that work here, best first. */
export const sharings: readonly string[] = [...(hasReuseport() ? ['reuseport'] : []), 'shared', 'round-robin'];

/** The modes without node:cluster's own, where node:cluster determines listening, its errors and its races. */
export const ownSharings: readonly string[] = sharings.filter((sharing) => sharing !== 'round-robin');

/** libuv has the flag from 1.49 on. The kernel of macOS has it as well, but does not balance. */
export function hasReuseport(): boolean {
  return isAtLeast(22, 12) && process.platform === 'linux';
}

/** How this Node runs TypeScript: from 22.6 by a flag, from 22.18 without. */
export const typescript: { readonly byItself: boolean; readonly byFlag: boolean } = {
  byItself: isAtLeast(22, 18),
  byFlag: isAtLeast(22, 6),
};

/** The reason not to run a test, or false, as `skip` takes it. */
export const noIpv6: string | false = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)
  ? false
  : 'no IPv6 here';

/** The id of the user without rights, in every Unix. */
export const NOBODY = 65_534;

/**
 * The reason not to run workers as that user, or false. Only root can, and this checkout and node may be closed to
 * others.
 */
export const noOtherUser: string | false = whyNoOtherUser();

function whyNoOtherUser(): string | false {
  if (process.geteuid?.() !== 0) return 'needs root';
  const { status } = spawnSync(process.execPath, ['--check', fixture('hello.js')], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
  });
  return status === 0 ? false : 'nobody may not read this checkout, or run this node';
}

/** Ports from here on need no root, and few programs have one of their own there. */
const FIRST_PORT = 10_000;

/**
 * Returns a port that is free now. This is only for programs that cannot take port 0. It is none of those that the kernel gives to
 * connections and to servers at port 0: one of hundreds that other tests open could have it a moment later.
 */
export async function freePort(): Promise<number> {
  const end = firstOfKernel();
  for (;;) {
    const server = createServer().listen(end > FIRST_PORT ? randomInt(FIRST_PORT, end) : 0);
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** The first of the ports that the kernel gives (ip(7), ip_local_port_range). */
function firstOfKernel(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1'), 10);
  } catch {
    // Linux's own. The others begin at 49152 (RFC 6335).
    return 32_768;
  }
}

function isAtLeast(major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** The reason not to run a test that reads a database itself, or false. */
export const noNodeSqlite: string | false = isAtLeast(22, 13) ? false : 'this Node has no node:sqlite';

/** The reason not to run a test of the embedded engine, or false. better-sqlite3 is for users who install it. */
export const noSqlite: string | false = hasBetterSqlite() ? false : noNodeSqlite;

function hasBetterSqlite(): boolean {
  try {
    createRequire(import.meta.url)('better-sqlite3');
    return true;
  } catch {
    return false;
  }
}

/**
 * The reason not to run a test that mounts file systems of its own, or false. Only root can, and not in most
 * containers.
 */
export const noMounts: string | false =
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
    ? false
    : 'may not mount file systems';

/** Why there is no listing of sockets with their backlogs; false where there is one. */
export function noSs(): string | false {
  try {
    accessSync('/usr/bin/ss', constants.X_OK);
    return false;
  } catch {
    return 'no ss here';
  }
}
