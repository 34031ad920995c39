/** The pictures, each light and dark, as SVG. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { paths } from '../../paths.ts';
import type { Summary } from '../../summary.ts';
import { closed } from './deploys.ts';
import { connections } from './connections.ts';
import { grown } from './growth.ts';
import { latency } from './latency.ts';
import { modelled } from './model.ts';
import type { Picture } from './picture.ts';
import { reload } from './reload.ts';
import { config } from './theme.ts';
import { known, throughput } from './throughput.ts';

// Without a canvas vega takes every letter for 0.8 em, so labels are cut and margins gape. These fonts have about 0.56.
// (Its types leave out what it exports for this.)
const { textMetrics } = vega as unknown as {
  textMetrics: { width: (item: { fontSize?: number }, text: string | number | undefined) => number };
};
textMetrics.width = (item, text) => String(text ?? '').length * (item.fontSize ?? 11) * 0.56;

const pictures: Readonly<Record<string, Picture>> = {
  readme: known,
  throughput,
  latency,
  deploys: closed,
  growth: grown,
  'reload-errors': reload,
  'connections-per-worker': connections,
  model: modelled,
};

/** @returns the names of those that there were figures for. */
export async function drawAll(summary: Summary): Promise<string[]> {
  mkdirSync(paths.pictures, { recursive: true });
  const drawn: string[] = [];
  for (const [name, picture] of Object.entries(pictures)) {
    for (const theme of ['light', 'dark'] as const) {
      const spec = picture(summary, theme);
      if (spec === undefined) continue;
      const view = new vega.View(
        vega.parse(compile({ ...spec, config: config(theme), padding: 12 } as TopLevelSpec).spec),
        { renderer: 'none' },
      );
      writeFileSync(join(paths.pictures, `${name}-${theme}.svg`), `${await view.toSVG()}\n`);
      view.finalize();
      if (theme === 'light') drawn.push(name);
    }
  }
  return drawn;
}
