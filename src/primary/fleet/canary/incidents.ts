import type { ComparisonRow, Health, WorkerSample } from '../../../contract/canary.ts';
import type { Finding, Rule } from './rule.ts';

/** A single crash is enough. The canary's workers have just passed their boot, so there is no chance in it that a test could weigh. */
export const incidents: Rule = ({ samples }) => {
  const canary = samples.canary.at(-1);
  const baseline = samples.baseline.at(-1);
  return [
    count('crashes', baseline?.crashes, canary?.crashes, (number) =>
      number === 1 ? 'a worker has crashed' : `${number} workers have crashed`,
    ),
    count('hangs', baseline?.hangs, canary?.hangs, (number) =>
      number === 1 ? 'a worker has hung' : `${number} workers have hung`,
    ),
  ];
};

function count(figure: string, baseline = 0, canary = 0, text: (number: number) => string): Finding {
  const row = { figure, unit: '', baseline, canary, limit: 0 } as const;
  return canary > 0 ? { row: { ...row, verdict: 'worse' }, worse: text(canary) } : { row: { ...row, verdict: 'ok' } };
}

/** An answer may come from a moment that is over. So many in a row do not. */
const IN_A_ROW = 2;

/**
 * The word of the application. While a worker of the old code says that it is not well either, the fault is elsewhere, in a database
 * perhaps, and the canary is not judged by it.
 */
export const opinion: Rule = ({ samples }) => {
  const recent = samples.canary.map(({ workers }, index) => ({
    canary: unwell(workers),
    baseline: unwell(samples.baseline[index]!.workers),
  }));
  const last = samples.canary.at(-1)?.workers ?? [];
  const row: Omit<ComparisonRow, 'verdict'> = {
    figure: 'unwell by their own word',
    unit: '',
    baseline: recent.at(-1)?.baseline.length ?? null,
    canary: recent.at(-1)?.canary.length ?? null,
    limit: 0,
  };
  if (!last.some(({ health }) => health !== undefined)) return [];
  const tail = recent.filter(({ canary }, index) => isNews(canary, recent[index - 1]?.canary)).slice(-IN_A_ROW);
  const isWorse =
    tail.length === IN_A_ROW && tail.every(({ canary, baseline }) => canary.length > 0 && baseline.length === 0);
  if (!isWorse) return [{ row: { ...row, verdict: 'ok' } }];
  const { reason } = tail.at(-1)!.canary[0]!;
  const worse = `its application says that it is not well${reason === '' ? '' : `: ${reason}`}`;
  return [{ row: { ...row, verdict: 'worse' }, worse }];
};

/**
 * Whether a sample has an answer that the one before has not. A primary that was busy, or a worker, has a sample without a new answer,
 * and the last one counts there a second time.
 */
function isNews(said: readonly Health[], before: readonly Health[] = []): boolean {
  return said.length === 0 || said.some((answer) => !before.includes(answer));
}

function unwell(workers: readonly WorkerSample[]): Health[] {
  return workers.flatMap(({ health }) => (health === undefined || health.ok ? [] : [health]));
}
