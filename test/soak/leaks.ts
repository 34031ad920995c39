/**
 * Reloads a server many times. It fails when the primary has more open file descriptors in the end than after the first
 * few reloads, or when its memory keeps growing. The memory curve is a saw: garbage adds some 5 MB until V8 collects
 * it. So the lowest figure of the first half of the reloads is compared with the lowest of the second, once the heap
 * has found its size. It takes minutes, so npm test leaves it out, and it works on Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { startServer } from 'prefork/testing';
import { fixture } from '../support/paths.ts';

/** The number of reloads after which all code is loaded, and V8's heap has its size. */
const SETTLED_RELOADS = 240;

/** The allowed difference of the heap's lows in MB. A leak of 10 KB a reload is larger. */
const MOST_GROWTH_MB = 4;

interface Figures {
  readonly fds: number;
  /** The resident memory in MB. */
  readonly rss: number;
}

function look(pid: number): Figures {
  const [, kilobytes = ''] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { fds: readdirSync(`/proc/${pid}/fd`).length, rss: Number(kilobytes) / 1024 };
}

const reloads = Number(process.argv[2] ?? 1000);
if (!(reloads > SETTLED_RELOADS))
  throw new Error(`reloads: expected more than ${SETTLED_RELOADS}, got ${process.argv[2]}`);
const middle = (SETTLED_RELOADS + reloads) / 2;
const app = await startServer({ entry: fixture('hello.js'), options: ['--workers', '2'] });
try {
  const low = { before: Infinity, after: Infinity };
  let fds = 0;
  for (let nth = 1; nth <= reloads; nth++) {
    await app.reload();
    // The end of an old worker frees its descriptors. The last one ends after the reload.
    await app.event('worker stopped', { nth: 2 * nth });
    const now = look(app.pid);
    if (nth === 1 || nth % 20 === 0) console.log(`reloads=${nth} fds=${now.fds} rss=${now.rss.toFixed(1)}MB`);
    if (nth < SETTLED_RELOADS) continue;
    if (nth === SETTLED_RELOADS) ({ fds } = now);
    if (now.fds > fds) throw new Error(`the primary has ${now.fds} file descriptors open, and had ${fds}`);
    const half = nth <= middle ? 'before' : 'after';
    low[half] = Math.min(low[half], now.rss);
  }
  console.log(`lowest rss: ${low.before.toFixed(1)}MB, then ${low.after.toFixed(1)}MB`);
  if (low.after > low.before + MOST_GROWTH_MB) {
    throw new Error(`the primary keeps growing: to ${low.after} MB from ${low.before} MB`);
  }
} finally {
  await app[Symbol.asyncDispose]();
}
