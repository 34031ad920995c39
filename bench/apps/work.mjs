/**
 * A fixed amount of computing, not a fixed time: a loop that watches the clock would count the time in which it was not
 * running as work done, and so get cheaper the more the cores are shared. The bench measures once how many iterations a
 * millisecond takes and gives every system the same number.
 *
 * Native, not a loop in JavaScript: that one was, after some hundred calls from an event handler, six times slower for
 * good in one process and not in another (Node 24 throws away code that was optimised while the loop ran).
 */
import { pbkdf2Sync } from 'node:crypto';

const PER_MS = Number(process.env.BENCH_ITERATIONS_PER_MS ?? 2000);

export function work(milliseconds, perMs = PER_MS) {
  return pbkdf2Sync('password', 'salt', Math.round(milliseconds * perMs), 32, 'sha256');
}
