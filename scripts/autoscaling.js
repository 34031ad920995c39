/**
 * Runs the simulation of autoscaling, and writes its tables and plots into docs/autoscaling.md and docs/autoscaling/:
 * npm run build && node scripts/autoscaling.js. With --replay <file> [cores] it prints what the policies would have done with a load
 * that `prefork top --json` has recorded.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { recordedTrace } from '../out/test/unit/autoscale/recorded.js';
import { scalers } from '../out/test/unit/autoscale/scalers.js';
import { simulate } from '../out/test/unit/autoscale/simulation.js';
import { traces } from '../out/test/unit/autoscale/traces.js';

const page = new URL('../docs/autoscaling.md', import.meta.url);
const plots = new URL('../docs/autoscaling/', import.meta.url);
const MARK = '<!-- Written by `node scripts/autoscaling.js`, up to the next heading. -->\n';
const CORES = 8;
const SEEDS = [1, 2, 3];
/** A day is long enough to need no second one. */
const seedsFor = ({ seconds }) => (seconds > 10 * 3600 ? [1] : SEEDS);

const figures = {
  'behind a queue': ({ slow }) => `${(100 * slow).toFixed(2)} %`,
  'worker-hours': ({ hours }) => hours.toFixed(1),
  'changes an hour': ({ changes }) => changes.toFixed(1),
  'flips an hour': ({ flips }) => flips.toFixed(1),
};

function runs(trace, cores, seeds = seedsFor(trace)) {
  return Object.entries(scalers).map(([name, scaler]) => {
    const all = seeds.map((seed) => simulate(trace, scaler, cores, seed));
    const mean = (key) => all.reduce((sum, run) => sum + run[key], 0) / all.length;
    return [name, { hours: mean('hours'), slow: mean('slow'), changes: mean('changes'), flips: mean('flips') }];
  });
}

function table(head, rows) {
  return [head, head.map((_, nth) => (nth === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('');
}

const names = Object.entries(figures);

function tableOf(trace, cores, seeds) {
  const rows = runs(trace, cores, seeds).map(([name, run]) => [name, ...names.map(([, text]) => text(run))]);
  return table(['', ...Object.keys(figures)], rows);
}

function section(text, heading, body) {
  const start = text.indexOf(MARK, text.indexOf(`## ${heading}\n`)) + MARK.length;
  const next = text.indexOf('\n## ', start);
  return `${text.slice(0, start)}\n${body}${next === -1 ? '' : text.slice(next)}`;
}

function shortOf(run) {
  return ['behind a queue', 'worker-hours', 'flips an hour'].map((figure) => figures[figure](run)).join(' / ');
}

const WIDTH = 720;
const HEIGHT = 240;
const MARGIN = { left: 40, right: 12, top: 30, bottom: 30 };
/** Colors that can be told from a white page and from a dark one. */
const colors = { load: '#8b949e', prefork: '#2f81f7', 'HPA 60 %': '#d29922', 'Watt 0.8 / 0.2': '#e5534b' };

function plot(name) {
  const trace = traces[name];
  const lines = Object.keys(colors).map((of) => {
    const points = [];
    const watch = ({ at, workers, load }) => points.push([at, of === 'load' ? load : workers]);
    simulate(trace, scalers[of === 'load' ? 'prefork' : of], CORES, SEEDS[0], watch);
    return [of, points];
  });
  const most = lines.reduce(
    (high, [, points]) => points.reduce((highest, [, value]) => Math.max(highest, value), high),
    CORES,
  );
  const x = (at) => (MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * at) / trace.seconds).toFixed(1);
  const y = (value) => (HEIGHT - MARGIN.bottom - ((HEIGHT - MARGIN.top - MARGIN.bottom) * value) / most).toFixed(1);
  const paths = lines.map(([of, points]) => {
    const every = Math.max(1, Math.floor(points.length / 1200));
    const isLoad = of === 'load';
    const kept = points.filter(([, value], nth) => (isLoad ? nth % every === 0 : value !== points[nth - 1]?.[1]));
    const steps = kept.map(([at, value]) => (isLoad ? `${x(at)} ${y(value)}` : `H${x(at)}V${y(value)}`));
    const path = isLoad ? `M${steps.join('L')}` : `M${x(0)} ${y(points[0][1])}${steps.join('')}H${x(trace.seconds)}`;
    return `<path d="${path}" fill="none" stroke="${colors[of]}" stroke-width="${of === 'prefork' ? 2 : 1.2}"/>`;
  });
  const legend = Object.entries(colors).map(
    ([of, color], nth) => `<text x="${WIDTH - 400 + nth * 100}" y="18" fill="${color}">${of}</text>`,
  );
  const ticks = [0, most / 2, most].map((value) => `<text x="8" y="${Number(y(value)) + 4}">${value}</text>`);
  const isDay = trace.seconds > 10 * 3600;
  const times = [0, trace.seconds / 2, trace.seconds].map((at, nth) => {
    const anchor = ['start', 'middle', 'end'][nth];
    return `<text x="${x(at)}" y="${HEIGHT - 8}" text-anchor="${anchor}">${isDay ? `${at / 3600} h` : `${at / 60} min`}</text>`;
  });
  const frame = `<path d="M${x(0)} ${y(most)}V${y(0)}H${x(trace.seconds)}" fill="none" stroke="#8b949e"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#8b949e">
<title>Workers over time: ${name}</title>
<text x="${MARGIN.left}" y="18">${name}, ${CORES} cores</text>
${[...legend, ...ticks, ...times, frame, ...paths].join('\n')}
</svg>
`;
}

const [flag, file, cores = availableParallelism()] = process.argv.slice(2);
if (flag === '--replay') {
  const trace = recordedTrace(readFileSync(file, 'utf8').split('\n'), Number(cores));
  console.log(tableOf(trace, Number(cores), SEEDS));
} else {
  const loads = Object.entries(traces).map(
    ([name, trace]) => `**${name}**: ${trace.about}.\n\n${tableOf(trace, CORES)}`,
  );
  const sizes = [1, 2, 4, 16, 64].flatMap((count) =>
    ['steps', 'bursts'].map((name) => [
      `${name}, ${count}`,
      ...runs(traces[name], count, [1]).map(([, run]) => shortOf(run)),
    ]),
  );
  const bySize = table(['load, cores', ...Object.keys(scalers)], sizes);
  const text = readFileSync(page, 'utf8');
  writeFileSync(page, section(section(text, 'The simulation', loads.join('\n')), 'From 1 to 64 cores', bySize));
  for (const name of ['steps', 'bursts', 'rare spikes', 'day', 'blocking']) {
    writeFileSync(new URL(`${name.replace(' ', '-')}.svg`, plots), plot(name));
  }
}
