/** Tests what users install: the packed tarball, in a directory of its own. */
import assert from 'node:assert/strict';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { FIGURES } from '../../src/contract/figures.ts';
import { inRoot, root } from '../support/paths.ts';
import { installPacked, run, type Home } from './packed.ts';

let home: string;
let installed: Home;

before(async () => {
  installed = await installPacked('module');
  home = installed.directory;
});

after(() => installed[Symbol.asyncDispose]());

test('installs with a command that runs', async () => {
  const { stdout } = await run(join(home, 'node_modules/.bin/prefork'), ['--version'], { cwd: home });
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test('has the page of the dashboard, with uPlot in it and its licence', async () => {
  const directory = join(home, 'node_modules/prefork/dist/dashboard');
  const page = await readFile(join(directory, 'index.html'), 'utf8');
  assert.deepEqual(page.match(/(?<=(?:href|src)=")[\w.]+(?=")/g), ['dashboard.css', 'dashboard.js']);
  assert.match(await readFile(join(directory, 'dashboard.css'), 'utf8'), /\.uplot/);
  assert.match(
    await readFile(join(directory, 'dashboard.js'), 'utf8'),
    /MIT License[^]*Copyright \(c\) \d+ Leon Sorokin/,
  );
});

test('what runs in workers and in the page has the table of figures without what people read of them', async () => {
  const dist = join(home, 'node_modules/prefork/dist');
  const words = FIGURES.flatMap(({ about, metric }) => [about, metric?.name, metric?.advice]).filter(
    (text) => text !== undefined,
  );
  for (const file of ['worker/preload.cjs', 'dashboard/dashboard.js']) {
    const code = await readFile(join(dist, file), 'utf8');
    assert.match(code, /"?handoffsFailed"?/, file);
    for (const text of words) assert.ok(!code.includes(text), `${file}: ${text}`);
  }
});

test('has every picture and every page that its README shows', async () => {
  const directory = join(home, 'node_modules/prefork');
  const readme = await readFile(join(directory, 'README.md'), 'utf8');
  const pictures = [...readme.matchAll(/(?:src|srcset)="([^"]*)"/g)].map(([, path]) => path!);
  const links = [...readme.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, path]) => path!);
  assert.ok(pictures.length >= 6 && links.length > 40);
  for (const path of [...pictures, ...links]) await access(join(directory, path));
  for (const path of pictures) assert.ok((await stat(join(directory, path))).size < 150 * 1024, path);
});

test('has no runtime dependencies', async () => {
  const { stdout } = await run('npm', ['ls', '--all', '--json'], { cwd: home });
  const { dependencies } = JSON.parse(stdout) as {
    dependencies: { prefork: { dependencies?: Record<string, { version?: string }> } };
  };
  assert.deepEqual(Object.keys(dependencies), ['prefork']);
  // npm lists a missing optional peer too, without a version.
  const installed = Object.entries(dependencies.prefork.dependencies ?? {}).filter(([, { version }]) => version);
  assert.deepEqual(installed, []);
});

test('its entries import, and outside a worker everything of prefork/worker is harmless', async () => {
  const code = `
    import { Prefork, PreforkError, prefork, isChild } from 'prefork';
    import { worker } from 'prefork/worker';
    worker.ready();
    worker.onPrimaryDeath(() => {});
    console.log(typeof Prefork, typeof prefork, isChild(), worker.slot, PreforkError.name);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: home });
  assert.equal(stdout, 'function function false undefined PreforkError\n');
});

test('prefork/testing starts the command that is installed with it', async () => {
  await writeFile(
    join(home, 'server.js'),
    `import { createServer } from 'node:http';
     createServer((request, response) => request.pipe(response)).listen(process.env.PORT);`,
  );
  const code = `
    import { assertNoLostRequests } from 'prefork/testing';
    const { lost, answered } = await assertNoLostRequests({ entry: 'server.js', during: (app, load) => load.answers(100) });
    console.log(lost, answered >= 100);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: home });
  assert.equal(stdout, '0 true\n');
});

test('metrics without prom-client are 501, and say what to install; the rest is answered', async () => {
  await writeFile(join(home, 'idle.js'), `process.send('ready'); setInterval(() => {}, 1e6);`);
  const code = `
    import { startServer } from 'prefork/testing';
    import schema from 'prefork/status.schema.json' with { type: 'json' };
    const app = await startServer({ entry: 'idle.js', options: ['--workers', '1', '--admin', '0'] });
    const { address } = (await app.event('admin')).fields;
    const metrics = await fetch(address + '/metrics');
    console.log(metrics.status, await metrics.text());
    console.log((await fetch(address + '/readyz')).status);
    console.log((await (await fetch(address + '/status.schema.json')).json()).$id === schema.$id);
    await app[Symbol.asyncDispose]();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: home });
  assert.match(stdout, /^501 the metrics need .*: npm install prom-client\n\n200\ntrue\n$/);
});

test('serving a fetch handler without srvx says what to install', async () => {
  const file = join(home, 'fetch.js');
  await writeFile(
    file,
    `import { Prefork } from 'prefork';
     await new Prefork({ fetch: () => new Response('x') }, { workers: 1 }).listenAndServe(':0');`,
  );
  await assert.rejects(run(process.execPath, [file], { cwd: home }), (error: Error & { stderr: string }) => {
    assert.match(error.stderr, /ERR_MISSING_DEPENDENCY/);
    assert.match(error.stderr, /npm install srvx/);
    return true;
  });
});

/** Types of CommonJS stand before code that is an ES module. That is meant: Node requires ES modules since 20.19. */
const isOfRequiredTypes = ({ code, path }: { readonly code: string; readonly path: readonly string[] }): boolean =>
  code === 'EXPORTS_TYPES_INVALID_FORMAT' && path.at(-1) === 'require';

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({ pack: { tarball: await tarballBytes() }, strict: true });
  assert.deepEqual(
    messages.filter((message) => !isOfRequiredTypes(message)).map((message) => formatMessage(message, pkg)),
    [],
  );
});

test('every resolution that a user of types may have finds the types', async () => {
  const rules = ['cjs-resolves-to-esm', 'false-cjs'];
  // The schema is data, and node10 reads only what stands in typesVersions.
  const options = ['--ignore-rules', ...rules, '--exclude-entrypoints', 'status.schema.json'];
  await run(process.execPath, [inRoot('node_modules/.bin/attw'), installed.tarball, ...options], { cwd: root });
});

test('the declarations that are packed are all that a compiler looks for', async () => {
  const manifest = join(home, 'node_modules/prefork/package.json');
  const { exports } = JSON.parse(await readFile(manifest, 'utf8')) as { exports: Record<string, { types?: string }> };
  const entries = Object.entries(exports).filter(([, { types }]) => types !== undefined);
  const lines = entries.map(([entry], i) => `export type * as e${i} from 'prefork${entry.slice(1)}';\n`);
  await writeFile(join(home, 'user.ts'), lines.join(''));
  const flags = [
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023',
    '--strict',
    '--types',
    'node',
  ];
  const types = ['--typeRoots', join(root, 'node_modules/@types')];
  const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), [...flags, ...types, 'user.ts'], {
    cwd: home,
  }).catch((error: Error & { stdout: string }) => error);
  // Packages that are optional are not here, and neither are their types.
  const missing = stdout.split('\n').filter((line) => /error TS/.test(line) && !/Cannot find module '[^.]/.test(line));
  assert.deepEqual(missing, []);
});

async function tarballBytes(): Promise<ArrayBuffer> {
  const bytes = await readFile(installed.tarball);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
