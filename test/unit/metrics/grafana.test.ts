import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { metricsMarkdown } from '../../../src/metrics/markdown.ts';
import { example } from '../../support/paths.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: ReadonlyArray<{ readonly expr: string }>;
}

const text = readFileSync(example('grafana/dashboard.json'), 'utf8');
const { panels } = JSON.parse(text) as { panels: readonly Panel[] };

/** The labels of each metric, as docs/metrics.md lists them. */
const metrics = new Map(
  metricsMarkdown()
    .split('\n')
    .flatMap((line) => {
      const [, name, , , labels = ''] = line.split('|').map((cell) => cell.trim());
      return name?.startsWith('`prefork_') ? [[name.slice(1, -1), labels.match(/\w+/g) ?? []] as const] : [];
    }),
);

test('each panel of the example for Grafana asks for metrics and labels that there are', () => {
  assert.ok(metrics.size > 20);
  for (const { title, targets } of panels) {
    for (const { expr } of targets) {
      const [name] = /prefork_\w+/.exec(expr)!;
      const labels = metrics.get(name) ?? metrics.get(name.replace(/_bucket$/, ''));
      assert.ok(labels, `${title}: no metric is called ${name}`);
      const used = [...(/by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? []), ...(expr.match(/\w+(?=!?=~?")/g) ?? [])];
      for (const label of used) {
        assert.ok(['instance', 'le', ...labels].includes(label), `${title}: ${name} has no label ${label}`);
      }
    }
  }
  assert.ok(panels.some(({ title }) => title === 'Connections moved'));
});

test('its panels do not lie on each other', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const places = new Set<string>();
  for (const {
    gridPos: { x, y, w, h },
  } of panels) {
    assert.ok(x + w <= 24);
    for (let column = x; column < x + w; column++)
      for (let row = y; row < y + h; row++) {
        assert.ok(!places.has(`${column},${row}`));
        places.add(`${column},${row}`);
      }
  }
});
