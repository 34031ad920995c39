/**
 * Tries frameworks, servers and libraries as programs that know nothing of prefork: each is installed from npm into a directory of its own,
 * built, and started with two workers. Then strict clients ask it through three reloads and the kill of a worker, and it is stopped.
 * Prints the table of docs/compatibility.md. `node out/test/soak/frameworks.js [name ...]`
 */
import { execFileSync, execSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { builds } from './frameworks/builds.ts';
import type { Framework } from './frameworks/framework.ts';
import { libraries } from './frameworks/libraries.ts';
import { others } from './frameworks/others.ts';
import { servers } from './frameworks/servers.ts';
import { nodeVersion, tryServer, type Result } from './frameworks/trial.ts';

const names = process.argv.slice(2);
const all: readonly Framework[] = [...servers, ...others, ...libraries, ...builds];
const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));

console.log(`Node.js ${nodeVersion}\n`);
console.log(
  '| | Workers | 3 reloads: answered, lost | kill -9: lost | Stop | prefork warns |\n| --- | --: | --: | --: | --- | --- |',
);
for (const framework of chosen) await tryFramework(framework);

async function tryFramework(framework: Framework): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'prefork-framework-'));
  try {
    install(framework, home);
    for (const start of framework.starts) {
      const title = [titleOf(framework, home), start.by ?? []].flat().join(', ');
      try {
        console.log(row(title, await tryServer(framework, start, home)));
      } catch (error) {
        fail(title, error);
      }
    }
  } catch (error) {
    fail(framework.name, error);
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function install({ packages, files, build = [], isNative = false }: Framework, home: string): void {
  writeFileSync(join(home, 'package.json'), '{ "name": "tried", "version": "1.0.0", "private": true }');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const scripts = isNative ? [] : ['--ignore-scripts'];
  const flags = ['--no-audit', '--no-fund', '--loglevel=error', ...scripts];
  if (packages.length > 0) {
    execFileSync('npm', ['install', ...flags, ...packages], { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  }
  for (const command of build) {
    const env = { ...process.env, PATH: `${join(home, 'node_modules/.bin')}:${process.env['PATH']}`, CI: '1' };
    try {
      execSync(command, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command}: ${(stdout + stderr).slice(-3000)}`, { cause: error });
    }
  }
}

/** The name of the row, with the version that npm has installed before its first comma. */
function titleOf({ name, packages: [first] }: Framework, home: string): string {
  const installed = first?.replace(/(?<=.)@[^@]*$/, '');
  if (installed === undefined) return name;
  const text = readFileSync(join(home, 'node_modules', installed, 'package.json'), 'utf8');
  return name.replace(/(?=,)|$/, ` ${(JSON.parse(text) as { version: string }).version}`);
}

function row(title: string, { workers, reloads, kill, stop, notes }: Result): string {
  const asked = `${reloads.answered}, ${reloads.lost}`;
  // A client has one request in flight, and may lose that one when its worker is killed.
  if (reloads.lost > 0 || kill.lost > kill.clients || workers < 2 || stop !== 'exit 0') process.exitCode = 1;
  return `| ${[title, workers, asked, kill.lost, stop, notes.join('; ')].join(' | ')} |`;
}

function fail(title: string, error: unknown): void {
  process.exitCode = 1;
  const message = error instanceof Error ? error.message : String(error);
  console.log(`| ${title} | cannot be tried | | | | |`);
  console.error(`${title}: ${message}\n`);
}
