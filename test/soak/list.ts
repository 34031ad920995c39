/**
 * Measures `prefork list` beside many servers of one worker each, in turns with a Node.js that does nothing. `node out/test/soak/list.js
 * [--servers 20] [--rounds 30]`
 */
import { execFileSync } from 'node:child_process';
import assert from 'node:assert/strict';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { command } from '../support/paths.ts';

const { values } = parseArgs({
  options: { servers: { type: 'string', default: '20' }, rounds: { type: 'string', default: '30' } },
});

const what = {
  'node -e 0': ['-e', '0'],
  'prefork --version': [command, '--version'],
  'prefork list': [command, 'list'],
} as const;

const apps: App[] = [];
try {
  let env = {};
  for (let nth = 0; nth < Number(values.servers); nth++) {
    const app = await serve({ entry: 'hello.js', options: ['--workers', '1', '--name', `server-${nth}`], env });
    env = { PREFORK_RUNTIME_DIR: apps[0]?.directory ?? app.directory };
    apps.push(app);
  }
  const times: Record<string, number[]> = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, args] of Object.entries(what)) {
      const start = performance.now();
      const text = execFileSync(process.execPath, [...args], { env: { ...process.env, ...env }, encoding: 'utf8' });
      (times[name] ??= []).push(performance.now() - start);
      if (name === 'prefork list') assert.equal(text.match(/^server-\d+ .* serving /gm)?.length, apps.length);
    }
  }
  console.log(
    `Node.js ${process.versions.node}, ${apps.length} servers\n\n| | median ms | lowest | p90 |\n| --- | --: | --: | --: |`,
  );
  for (const [name, all] of Object.entries(times)) {
    const sorted = all.toSorted((one, other) => one - other);
    const [median, lowest, p90] = [0.5, 0, 0.9].map((share) => Math.round(sorted[Math.floor(share * sorted.length)]!));
    console.log(`| ${name} | ${median} | ${lowest} | ${p90} |`);
  }
} finally {
  for (const app of apps.toReversed()) await app[Symbol.asyncDispose]();
}
