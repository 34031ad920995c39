/**
 * Returns milliseconds on a clock that all processes of this machine share and that cannot be set. `process.hrtime` is
 * libuv's `uv_hrtime`: CLOCK_MONOTONIC on Linux and the BSDs, the Mach clock on macOS and the performance counter on
 * Windows, all counted from boot. So the primary may subtract a worker's heartbeat from its own reading.
 * `performance.now()` is unsuitable because it counts from the start of each process, and `Date.now()` because it jumps
 * when the time is set. CLOCK_MONOTONIC stands still while a machine is suspended, so no worker seems to have hung when
 * a laptop wakes.
 */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
