/**
 * Reloads a server many times, and fails when its primary has more file descriptors open in the end than after the first
 * few, or has grown by more than a few MB. Not part of npm test: it takes a minute. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { startServer } from 'prefork/testing';
import { fixture } from '../support/paths.ts';

/** By then all that is loaded once is there, and V8's heap has its size. */
const SETTLED = 40;

/** What a heap may vary by, MB; a leak of 20 KB a reload is more. */
const MOST_GROWTH = 4;

interface Figures {
  readonly fds: number;
  /** Resident, MB. */
  readonly rss: number;
}

function look(pid: number): Figures {
  const [, kilobytes = ''] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { fds: readdirSync(`/proc/${pid}/fd`).length, rss: Number(kilobytes) / 1024 };
}

const reloads = Number(process.argv[2] ?? 200);
const app = await startServer({ entry: fixture('hello.js'), options: ['--workers', '2'] });
try {
  let settled: Figures | undefined;
  let last: Figures = look(app.pid);
  for (let nth = 1; nth <= reloads; nth++) {
    await app.reload();
    // An old worker's end is what frees its descriptors; the last one's comes after the reload.
    await app.event('worker stopped', { nth: 2 * nth });
    last = look(app.pid);
    if (nth === SETTLED) settled = last;
    if (nth === 1 || nth % 20 === 0) console.log(`reloads=${nth} fds=${last.fds} rss=${last.rss.toFixed(1)}MB`);
  }
  const { fds, rss } = settled ?? last;
  if (last.fds > fds) throw new Error(`the primary has ${last.fds} file descriptors open, and had ${fds}`);
  if (last.rss > rss + MOST_GROWTH) throw new Error(`the primary has grown to ${last.rss} MB from ${rss} MB`);
} finally {
  await app[Symbol.asyncDispose]();
}
