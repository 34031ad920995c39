import type { Results } from '../results.ts';

/** Rounds of one figure, by system. */
export function resultsOf(figure: string, scenario: string, values: Record<string, number[]>): Results {
  const samples = Object.entries(values).flatMap(([system, rounds]) =>
    rounds.map((value, index) => ({ scenario, system, round: index + 1, figures: { [figure]: value }, commands: [] })),
  );
  const machine = {
    cpu: 'cpu',
    cores: 2,
    memoryGiB: 1,
    system: 's',
    kernel: 'k',
    virtual: false,
    loadBefore: 0,
    settings: {},
  };
  return {
    started: '2026-01-01T00:00:00Z',
    minutes: 1,
    commit: 'abc',
    shortened: false,
    partial: false,
    against: [],
    rounds: 3,
    seed: 1,
    machine,
    workers: 2,
    sharedCores: true,
    load: 'wrk 4',
    versions: {},
    samples,
    disturbed: [],
    missing: [],
    micro: [],
  };
}
