/** Tests the types as users meet them: programs of each kind are compiled against the installed package, and the result runs. */
import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { inRoot } from '../support/paths.ts';
import { installPacked, run, type Home } from './packed.ts';

const latest = inRoot('node_modules/typescript/bin/tsc');
/**
 * The last major version that has `--moduleResolution node10`, as another package of the tests brings it. A dependency of our own
 * would take the name `tsc` from the one that builds.
 */
const fifth = createRequire(realpathSync(inRoot('node_modules/@arethetypeswrong/core/package.json'))).resolve(
  'typescript/bin/tsc',
);

const kinds: ReadonlyArray<[module: string, resolution: string, compiler: string]> = [
  ['node16', 'node16', latest],
  ['node16', 'node16', fifth],
  ['commonjs', 'node10', fifth],
];

let home: Home;
before(async () => {
  home = await installPacked('commonjs');
  // The types of what the adapters are for, and node's.
  const types = [
    '@types',
    'keyv',
    'express-session',
    'express-rate-limit',
    'rate-limiter-flexible',
    'socket.io-adapter',
  ];
  await home.link(...types, 'redis', '@fastify/rate-limit');
  await writeFile(join(home.directory, 'program.ts'), await programOf(home));
});
after(() => home[Symbol.asyncDispose]());

for (const [module, resolution, compiler] of kinds) {
  const version = compiler === latest ? 'the latest TypeScript' : 'TypeScript 5';
  test(`CommonJS with module ${module} and moduleResolution ${resolution}, by ${version}`, async () => {
    const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--strict'];
    const checks = ['--types', 'node', '--skipLibCheck', '--ignoreDeprecations', compiler === latest ? '6.0' : '5.0'];
    await run(process.execPath, [compiler, ...options, ...checks, 'program.ts'], { cwd: home.directory }).catch(
      ({ stdout }: { stdout: string }) => assert.fail(stdout),
    );
    assert.match(await readFile(join(home.directory, 'program.js'), 'utf8'), /\brequire\(["']prefork["']\)/);
    const { stdout } = await run(process.execPath, ['program.js'], { cwd: home.directory });
    assert.equal(stdout, 'false function function\n');
  });
}

/** A program that imports every entry of the package, and a mistake that the types have to find in each. */
async function programOf({ directory }: Home): Promise<string> {
  const manifest = await readFile(join(directory, 'node_modules/prefork/package.json'), 'utf8');
  const { exports } = JSON.parse(manifest) as { exports: Record<string, string | object> };
  const entries = Object.keys(exports).filter((entry) => typeof exports[entry] === 'object');
  const imports = entries.map((entry, index) => `import type * as entry${index} from 'prefork${entry.slice(1)}';`);
  const mistakes = entries.map(
    (_entry, index) => `// @ts-expect-error\nexport type T${index} = entry${index}.Nothing;`,
  );
  return `${imports.join('\n')}
    import { createServer } from 'node:http';
    import { isChild, Prefork, type Options } from 'prefork';
    import { worker } from 'prefork/worker';
    import { openState } from 'prefork/state';
    ${mistakes.join('\n')}
    const options: Options = { workers: 2, drainTimeout: '5s' };
    // @ts-expect-error
    export const wrong: Options = { workers: {} };
    export const server = (): Promise<void> => new Prefork(createServer(), options).listenAndServe(':0');
    worker.onDrain(() => {});
    export const count: () => Promise<number> = async () => (await openState()).counter('x').add(1);
    console.log(isChild(), typeof Prefork, typeof openState);`;
}
