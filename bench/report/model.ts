import { MODELLED, partsOf, predict, WORKERS } from '../model.ts';
import { systems } from '../systems/index.ts';
import { type Block, table } from './markdown.ts';

/** The measured parts, and what is computed from them. */
export const model: Block = (summary) => {
  const modelled = MODELLED.flatMap((name) => {
    const parts = partsOf(summary, name);
    return parts === undefined ? [] : [{ title: systems.find((system) => system.name === name)?.title ?? name, parts }];
  });
  if (modelled.length === 0) return undefined;
  const number = (value: number, digits: number): string =>
    value.toLocaleString('en-US', { maximumFractionDigits: digits });
  const parts = table(
    [
      'measured',
      'µs/connection, workers',
      'µs/connection, supervisor',
      'idle, ms/s',
      'idle, ms/s each worker',
      'MB',
      'MB each worker',
    ],
    modelled.map(({ title, parts: part }) => [
      title,
      number(part.worker, 1),
      number(part.supervisor, 1),
      number(part.idleBase, 2),
      number(part.idlePerWorker, 2),
      number(part.memoryBase, 0),
      number(part.memoryPerWorker, 1),
    ]),
  );
  const computed = table(
    [
      'workers',
      ...modelled.flatMap(({ title }) => [`${title}: connections/s at most`, 'supervisor busy', 'idle', 'MB']),
    ],
    WORKERS.map((workers) => [
      String(workers),
      ...modelled.flatMap(({ parts: part }) => {
        const { perSecond, supervisorBusy, supervisorIdle, memory } = predict(part, workers);
        return [
          number(perSecond, 0),
          `${number(supervisorBusy * 100, 0)} %`,
          `${number(supervisorIdle * 100, 2)} %`,
          number(memory, 0),
        ];
      }),
    ]),
  );
  return [parts, '', computed].join('\n');
};
