import { sumOf, type History } from './history.ts';

/** Formats one sample as a line of `prefork top --json`: see docs/inspecting.md. */
export function jsonLine({ sample, rows, trail }: History, now: Date): string {
  if (sample === undefined) return '';
  const { name, pid, phase, generation, operation } = sample.status;
  const line = {
    version: 1,
    at: now.toISOString(),
    name,
    pid,
    phase,
    generation,
    operation,
    cpu: sumOf(rows, ({ cpu }) => cpu) ?? null,
    requestsPerSecond: trail.at(-1) ?? null,
    workers: rows.map(({ title, slot, state, worker, cpu, rate, latency }) => ({
      title,
      slot,
      pid: worker?.pid ?? null,
      generation: worker?.generation ?? null,
      state,
      cpu: cpu ?? null,
      requestsPerSecond: rate ?? null,
      p50: latency?.p50 ?? null,
      p99: latency?.p99 ?? null,
      vitals: worker?.vitals ?? null,
    })),
  };
  return `${JSON.stringify(line)}\n`;
}
