/** Follows docs/tutorial.md as a reader does: the files and the commands are those of the page, and the package is the packed one. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, type Block } from '../support/pages/blocks.ts';
import { Program } from '../support/pages/program.ts';
import { freePort } from '../support/platform.ts';
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
  let server: Program | undefined;
  try {
    await finish(home, next());

    await save('server.js');
    server = shell(hello, next());
    await server.says(/prefork: ready workers=2/);
    const asked = await finish(hello, next());
    assert.equal(new Set(asked.match(/Hello from \d+/g)).size, 2, asked);
    assert.match(asked, /2 of 2 workers serve/);

    await save('load.js');
    await using load = shell(hello, next());
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

    await using dashboard = shell(hello, next());
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
  await using program = shell(cwd, `set -e\n${script}`);
  assert.equal(await program.end(), 0, `${script}\n${program.output}`);
  return program.output;
}

/** A block in a terminal. */
function shell(cwd: string, script: string): Program {
  return new Program('bash', ['-c', script], { cwd, env: { PREFORK_RUNTIME_DIR: cwd } });
}
