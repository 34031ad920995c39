import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actsOf, random, turnsOf } from '../acts.ts';
import { forecast, remaining } from '../forecast.ts';
import type { Scenario } from '../scenario.ts';
import { scenarios } from '../scenarios/index.ts';
import type { System } from '../system.ts';

const system = (name: string): System => ({ name }) as System;
const [a, b, c] = [system('a'), system('b'), system('c')];
const scenario = (name: string, rest: Partial<Scenario> = {}): Scenario =>
  ({ name, seconds: () => 10, ...rest }) as Scenario;
const names = (turns: ReturnType<typeof turnsOf>): string[] =>
  turns.map(({ system: { name }, scenarios: of }) => `${name}: ${of.map((one) => one.name).join(' ')}`);

test('scenarios of one stage that follow each other are one act', () => {
  const acts = actsOf([
    scenario('1', { stage: 'hello' }),
    scenario('2', { stage: 'hello' }),
    scenario('3'),
    scenario('4'),
    scenario('5', { stage: 'hello' }),
  ]);
  assert.deepEqual(
    acts.map((act) => act.map(({ name }) => name)),
    [['1', '2'], ['3'], ['4'], ['5']],
  );
});

test('memory is measured first on the server that keep-alive is timed on', () => {
  const act = actsOf(scenarios).find((one) => one.some(({ name }) => name === 'keep-alive'))!;
  assert.deepEqual(
    act.map(({ name }) => name),
    ['memory', 'keep-alive', 'new-connections'],
  );
});

test('a system has one turn an act, in the scenarios that it takes part in, as long as their rounds last', () => {
  const [one, two] = [scenario('one', { stage: 'hello' }), scenario('two', { stage: 'hello', rounds: 1 })];
  const takesPart = ({ name }: Scenario): System[] => (name === 'one' ? [a, b] : [b, c]);
  const turns = (round: number): string[] => names(turnsOf(actsOf([one, two]), round, takesPart, random(1))).toSorted();
  assert.deepEqual(turns(1), ['a: one', 'b: one two', 'c: two']);
  assert.deepEqual(turns(2), ['a: one', 'b: one']);
});

test('the order is another in each round, and the same for the same seed', () => {
  const many = Array.from({ length: 8 }, (_, index) => system(String(index)));
  const orders = (seed: number): string[][] => {
    const next = random(seed);
    return [1, 2].map((round) => names(turnsOf([[scenario('one')]], round, () => many, next)));
  };
  assert.deepEqual(orders(1), orders(1));
  assert.notDeepEqual(orders(1)[0], orders(1)[1]);
  assert.notDeepEqual(orders(1), orders(2));
});

test('what is left is told from what the rounds took, not from what was hoped', () => {
  const short = scenario('short', { rounds: 1 });
  const slow = { ...b, startSeconds: 5 };
  const forecasts = forecast(actsOf([short, scenario('long')]), 3, () => [a, slow], {
    quick: false,
    seconds: undefined,
  });
  assert.deepEqual(forecasts, [51, 25.5, 25.5]);
  assert.equal(remaining(forecasts, 1, 102), 102);
});
