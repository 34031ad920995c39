/** Follows docs/tutorial.md as a reader does: the files and the commands are those of the page, and the package is the packed one. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { blocksOf, type Block } from '../support/pages/blocks.ts';
import { freePort } from '../support/platform.ts';
import { Watched } from '../support/watched.ts';
import { pack } from './packed.ts';

test('each step of the tutorial does what the page says', async () => {
  const home = await mkdtemp(join(tmpdir(), 'prefork-tutorial-'));
  const tarball = await pack(home);
  const port = await freePort();
  const text = (block: Block): string =>
    block.text.replaceAll('8080', String(port)).replace('npm install prefork', `npm install --offline ${tarball}`);
  const steps = blocksOf('docs/tutorial.md').filter(({ language }) => ['sh', 'js'].includes(language));
  const next = (): string => text(steps.shift()!);
  const hello = join(home, 'hello');
  const save = async (name: string): Promise<void> => {
    const program = next();
    assert.match(program, new RegExp(`^// ${name}\n`));
    await writeFile(join(hello, name), program);
  };
  let server: Shell | undefined;
  try {
    await finish(home, next());

    await save('server.js');
    server = new Shell(hello, next());
    await server.says(/prefork: ready workers=2/);
    const asked = await finish(hello, next());
    assert.equal(new Set(asked.match(/Hello from \d+/g)).size, 2, asked);
    assert.match(asked, /2 of 2 workers serve/);

    await save('load.js');
    await using load = new Shell(hello, next());
    const deployed = await finish(hello, next());
    assert.match(deployed, /^Hi from \d+$/m);
    assert.equal(deployed.match(/reload done/g)?.length, 2, deployed);
    load.interrupt();
    await load.end();
    assert.match(load.output, /^[\d.]+[kM]? answered and 0 lost in/m);

    const refused = await finish(hello, next());
    assert.match(refused, /not today[^]*it was refused\nHi from \d+/);

    const killed = await finish(hello, next());
    assert.equal(killed.match(/^Hi from \d+$/gm)?.length, 8, killed);
    assert.match(killed, /killed by SIGKILL/);

    await using dashboard = new Shell(hello, next());
    const [, url = ''] = await dashboard.says(/url=(\S+)/);
    assert.match(await (await fetch(url)).text(), /<title>/);
    dashboard.interrupt();
    await dashboard.end();

    await finish(hello, next());
    await server.end();
    assert.deepEqual(steps, [], 'steps that are not taken');
  } catch (error) {
    throw new Error(`${(error as Error).message}\nthe server said:\n${server?.output}`, { cause: error });
  } finally {
    await server?.[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  }
});

/** Runs a block to its end, and returns what it printed. */
async function finish(cwd: string, script: string): Promise<string> {
  await using shell = new Shell(cwd, `set -e\n${script}`);
  const code = await shell.end();
  assert.equal(code, 0, `${script}\n${shell.output}`);
  return shell.output;
}

/** A terminal. The object owns the processes in it. */
class Shell implements AsyncDisposable {
  output = '';
  readonly #child: ChildProcess;
  readonly #changes = new Watched();
  readonly #exit: Promise<unknown>;

  constructor(cwd: string, script: string) {
    const { PATH } = process.env;
    const inherited = Object.entries(process.env).filter(([name]) => !/^(PREFORK_|NODE_TEST_CONTEXT$|npm_)/.test(name));
    const env = {
      ...Object.fromEntries(inherited),
      PATH: `${dirname(process.execPath)}:${PATH}`,
      PREFORK_RUNTIME_DIR: cwd,
    };
    this.#child = spawn('bash', ['-c', script], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exit = once(this.#child, 'close');
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#changes.changed();
      });
    }
  }

  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#changes.until(() => pattern.exec(this.output) ?? undefined, String(pattern));
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    process.kill(-this.#child.pid!, 'SIGINT');
  }

  async end(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.#child.pid!, 'SIGKILL');
    } catch {
      // All of them have ended.
    }
    await this.#exit;
  }
}
