/**
 * Reloads a server many times, and fails when its primary has more file descriptors open in the end than after the first
 * few, or keeps growing. Its memory is a saw: it grows by garbage, some 5 MB, until V8 collects it. So what is compared is
 * the lowest figure of the first half of the reloads with the lowest of the second, after the heap has found its size.
 * Not part of npm test: it takes minutes. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { startServer } from 'prefork/testing';
import { fixture } from '../support/paths.ts';

/** By then all that is loaded once is there, and V8's heap has its size. */
const SETTLED = 240;

/** What the lows of a heap may differ by, MB; a leak of 10 KB a reload is more. */
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

const reloads = Number(process.argv[2] ?? 1000);
if (!(reloads > SETTLED)) throw new Error(`reloads: expected more than ${SETTLED}, got ${process.argv[2]}`);
const middle = (SETTLED + reloads) / 2;
const app = await startServer({ entry: fixture('hello.js'), options: ['--workers', '2'] });
try {
  const low = { before: Infinity, after: Infinity };
  let fds = 0;
  for (let nth = 1; nth <= reloads; nth++) {
    await app.reload();
    // An old worker's end is what frees its descriptors; the last one's comes after the reload.
    await app.event('worker stopped', { nth: 2 * nth });
    const now = look(app.pid);
    if (nth === 1 || nth % 20 === 0) console.log(`reloads=${nth} fds=${now.fds} rss=${now.rss.toFixed(1)}MB`);
    if (nth < SETTLED) continue;
    if (nth === SETTLED) ({ fds } = now);
    if (now.fds > fds) throw new Error(`the primary has ${now.fds} file descriptors open, and had ${fds}`);
    const half = nth <= middle ? 'before' : 'after';
    low[half] = Math.min(low[half], now.rss);
  }
  console.log(`lowest rss: ${low.before.toFixed(1)}MB, then ${low.after.toFixed(1)}MB`);
  if (low.after > low.before + MOST_GROWTH) {
    throw new Error(`the primary keeps growing: to ${low.after} MB from ${low.before} MB`);
  }
} finally {
  await app[Symbol.asyncDispose]();
}
