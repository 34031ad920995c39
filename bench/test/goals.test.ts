import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goals, reachedGoals } from '../goals.ts';
import { scenarios } from '../scenarios/index.ts';
import { summarise } from '../summary.ts';
import { OURS, systems } from '../systems/index.ts';
import { resultsOf } from './results-of.ts';

test('whatever a goal needs, the whole run measures', () => {
  for (const { what, scenario: name, system = OURS, to = OURS } of goals) {
    const scenario = scenarios.find((one) => one.name === name);
    assert.ok(scenario, what);
    const among = scenario.among ?? systems.map((one) => one.name);
    assert.ok(among.includes(system) && among.includes(to), `${what}: not both take part in ${name}`);
  }
});

test('each scenario names systems that there are', () => {
  const names = systems.map(({ name }) => name);
  for (const { name, among = [] } of scenarios) {
    assert.deepEqual(
      among.filter((system) => !names.includes(system)),
      [],
      name,
    );
    assert.equal(new Set(among).size, among.length, name);
  }
});

const judged = (scenario: string, figure: string, values: Record<string, number[]>): Record<string, string> =>
  Object.fromEntries(
    reachedGoals(summarise(resultsOf(figure, scenario, values)))
      .filter((goal) => goal.scenario === scenario && goal.figure === figure)
      .map(({ what, reached }) => [what, reached]),
  );

test('a goal is judged by the median, by another system where it says so, and by each round where nothing may be lost', () => {
  const lost = 'Requests lost by reloads, in any round';
  assert.equal(judged('reload', 'lost', { prefork: [0, 0, 0] })[lost], 'yes');
  assert.equal(judged('reload', 'lost', { prefork: [0, 0, 1] })[lost], 'no');
  const rates = judged('new-connections', 'perSecond', {
    cluster: [10, 10, 10],
    prefork: [19, 19, 21],
    'prefork-least-connections': [19, 19, 21],
  });
  assert.equal(rates['New connection per request: requests/s × node:cluster'], 'within the spread');
  assert.equal(rates['least-connections, new connections: requests/s × left to the kernel'], 'yes');
  assert.equal(
    judged('keep-alive', 'cpu', { prefork: [10] })['prefork/http, keep-alive: CPU per request × node:http'],
    'not measured',
  );
});
