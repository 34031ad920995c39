/**
 * Tries libraries that look at `cluster.isWorker`, each in a server of two workers: unchanged, and then with what helps. Prints the
 * table of docs/libraries.md. `node out/test/soak/libraries.js [name ...]`; it installs them into a directory of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { startServer, type App } from 'prefork/testing';
import { ask } from '../support/http.ts';
import { root } from '../support/paths.ts';
import { libraries, type Attempt, type Library } from './libraries/cases.ts';

const home = mkdtempSync(join(tmpdir(), 'prefork-libraries-'));
const names = process.argv.slice(2);
const chosen = Object.entries(libraries).filter(([name]) => names.length === 0 || names.includes(name));

try {
  const packages = new Set(chosen.flatMap(([name, { version, needs = [] }]) => [`${name}@${version}`, ...needs]));
  writeFileSync(join(home, 'package.json'), '{ "name": "libraries", "private": true }');
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', ...packages], {
    cwd: home,
  });
  symlinkSync(root, join(home, 'node_modules/prefork'));
  console.log('| Library | Unchanged | What helps |\n| --- | --- | --- |');
  for (const [name, library] of chosen) console.log(await rowOf(name, library));
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function rowOf(name: string, { attempts }: Library): Promise<string> {
  const cells: string[] = [];
  for (const attempt of attempts) {
    const outcome = await outcomeOf(name, attempt);
    if (outcome !== attempt.expected) process.exitCode = 1;
    const isNew = outcome === attempt.expected ? '' : ` (expected: ${attempt.expected})`;
    cells.push(`${attempt.by === undefined ? '' : `${attempt.by}: `}${outcome}${isNew}`);
  }
  const file = join(home, 'node_modules', name, 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return `| ${name} ${version} | ${cells[0]} | ${cells.slice(1).join('; ')} |`;
}

async function outcomeOf(name: string, { server, primary, options = [], check, answer }: Attempt): Promise<string> {
  const directory = join(home, 'tries', name.replaceAll(/\W/g, '-'));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'server.cjs'), server);
  const half = primary === undefined ? [] : ['--primary', 'primary.cjs'];
  if (primary !== undefined) writeFileSync(join(directory, 'primary.cjs'), primary);
  let app: App | undefined;
  try {
    app = await startServer({
      entry: 'server.cjs',
      cwd: directory,
      options: ['--workers', '2', '--ready-timeout', '5s', ...half, ...options],
    });
    if (primary !== undefined) await app.event('primary half ready');
    return check === undefined ? await counted(app, answer) : await check(app, directory);
  } catch {
    return app === undefined ? 'does not start' : 'fails';
  } finally {
    await app?.[Symbol.asyncDispose]();
  }
}

/** Asks six times, each time over a new connection, what the library has counted. */
async function counted(app: App, answer: (text: string) => string = (text) => text): Promise<string> {
  const answers: string[] = [];
  for (let asked = 0; asked < 6; asked++) answers.push(answer(await ask(app.target)));
  if (answers.join() === '1,2,3,4,5,6') return 'works';
  return new Set(answers.filter((one) => /^\d+$/.test(one))).size > 1 ? 'each worker for itself' : 'does not work';
}
