/**
 * Milliseconds on a clock that all processes of this machine share and nobody can set: `process.hrtime` is libuv's
 * `uv_hrtime`, which is CLOCK_MONOTONIC on Linux and the BSDs, the Mach clock on macOS and the performance counter on
 * Windows, all of them counted from boot. So the primary may subtract a worker's heartbeat from its own reading.
 * `performance.now()` may not be used for that: it counts from the start of each process; nor `Date.now()`, which
 * jumps when the time is set. CLOCK_MONOTONIC stands still while a machine is suspended, so no worker seems to have
 * hung when a laptop wakes.
 */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
