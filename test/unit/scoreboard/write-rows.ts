/** Writes rows 1, 2, 3... to a board, `count` of them or until it is told to stop, and then reports how many failed. */
import { Writer } from '../../../src/scoreboard/writer.ts';
import { uniformRow } from './helpers.ts';

const [path, row, count] = process.argv.slice(2);
const writer = Writer.open(path!, Number(row));
const next = uniformRow(0);
const figures = next as unknown as Record<string, number>;
const names = Object.keys(figures).filter((name) => name !== 'state' && name !== 'durations' && name !== 'latencies');

function writeNext(value: number): void {
  for (const name of names) figures[name] = value;
  next.durations.fill(value);
  next.latencies.fill(value);
  writer.write(next);
}

let written = 0;
if (count === undefined) {
  process.once('disconnect', () => process.exit());
  writeNext(++written);
  process.send!('writing');
  setImmediate(function turn() {
    for (let i = 0; i < 1000; i++) writeNext(++written);
    setImmediate(turn);
  });
} else {
  while (written < Number(count)) writeNext(++written);
  console.log(`failures=${writer.failures}`);
}
