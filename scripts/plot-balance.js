/** Draws the plots of docs/balance.md from the simulation: npm run build && node scripts/plot-balance.js */
import { mkdirSync, writeFileSync } from 'node:fs';
import { simulate } from '../out/test/unit/balance/simulation.js';

const directory = new URL('../docs/balance/', import.meta.url);
const WIDTH = 640;
const HEIGHT = 260;
const MARGIN = { left: 44, right: 12, top: 34, bottom: 34 };
const lines = { kernel: '#c0504d', 'least-connections': '#2f6db5' };

/** The largest and the smallest load over time, with the policy and without. */
function run(options, isBalanced) {
  const points = [];
  const take = (now, loads) => points.push([now, Math.max(...loads), Math.min(...loads)]);
  simulate({ seed: 7, ...options, isBalanced, sample: { every: options.end / 160, take } });
  return points.filter(([now]) => now <= options.end);
}

function plot(title, options) {
  const runs = Object.keys(lines).map((name) => [name, run(options, name !== 'kernel')]);
  const most = Math.max(...runs.flatMap(([, points]) => points.map(([, high]) => high)));
  const x = (time) => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * time) / options.end;
  const y = (load) => HEIGHT - MARGIN.bottom - ((HEIGHT - MARGIN.top - MARGIN.bottom) * load) / most;
  const at = (time, load) => `${x(time).toFixed(1)},${y(load).toFixed(1)}`;
  const bands = runs.map(([name, points]) => {
    const outline = [...points.map(([t, high]) => at(t, high)), ...points.toReversed().map(([t, , low]) => at(t, low))];
    return `<polygon points="${outline.join(' ')}" fill="${lines[name]}" fill-opacity="0.35" stroke="${lines[name]}"/>`;
  });
  const legend = Object.entries(lines).map(
    ([name, color], nth) => `<text x="${WIDTH - 190 + nth * 60}" y="18" fill="${color}">${name}</text>`,
  );
  const ticks = [0, Math.round(most / 2), most].map((load) => `<text x="6" y="${y(load) + 4}">${load}</text>`);
  const seconds = [0, options.end / 2, options.end].map(
    (time) => `<text x="${x(time)}" y="${HEIGHT - 12}" text-anchor="middle">${time / 1000} s</text>`,
  );
  const frame = `<path d="M${x(0)} ${y(most)}V${y(0)}H${x(options.end)}" fill="none" stroke="#888"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${MARGIN.left}" y="18">${title}</text>
${[...legend, ...ticks, ...seconds, frame, ...bands].join('\n')}
</svg>
`;
}

const plots = {
  trickle: ['8 workers, 512 connections', { workers: 8, connections: 512, gap: 5, end: 2560 }],
  churn: ['8 workers, connections of 10 s', { workers: 8, connections: 12_000, gap: 5, life: 10_000, end: 60_000 }],
  burst: ['8 workers, 512 at once', { workers: 8, connections: 512, gap: 0, end: 80 }],
  hung: ['8 workers, one hangs at 2 s', { workers: 8, connections: 1600, gap: 5, hung: { 2: 2000 }, end: 8000 }],
};
mkdirSync(directory, { recursive: true });
for (const [name, [title, options]] of Object.entries(plots)) {
  writeFileSync(new URL(`${name}.svg`, directory), plot(title, options));
}
