/** Tests what root runs of a config file that is code, where another user may change it. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { testDirectory } from '../support/abandoned.ts';
import { serve, type App } from '../support/app.ts';
import { fixture } from '../support/paths.ts';
import { NOBODY, noOtherUser, typescript } from '../support/platform.ts';

const skip = noOtherUser;

/** Root says so that it runs what another user may change. */
const MEANT = ['--user', 'root'];

const HELPER = 'own/helper.cjs';

/** Makes a directory of root's with these files. */
function place(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = testDirectory('config');
  t.after(() => rmSync(directory, { recursive: true }));
  chmodSync(directory, 0o755);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

/** Code of either kind that tells that it was run. */
const tell = (what: string): string =>
  `process.getBuiltinModule('node:fs').appendFileSync(process.env.SAID, '${what} ');`;

const entry = fixture('hello.js');
const values = `{ entry: ${JSON.stringify(entry)}, workers: 1 }`;
const apps = `{ apps: [{ name: 'one', ...${values} }] }`;
const pm2 = `{ apps: [{ name: 'one', script: ${JSON.stringify(entry)}, instances: 1 }] }`;
const run = `${tell('config')} require('./${HELPER}');`;
const ONE = ['--app', 'one'];

type Form = readonly [what: string, name: string, text: string, options?: readonly string[]];

const forms: readonly Form[] = [
  ['CommonJS', 'prefork.config.js', `${run} module.exports = ${values};`],
  ['a function of CommonJS', 'prefork.config.js', `module.exports = () => { ${run} return ${values}; };`],
  ['an ES module', 'prefork.config.mjs', `import './${HELPER}'; ${tell('config')} export default ${values};`],
  [
    'a function of an ES module',
    'prefork.config.mjs',
    `export default async () => { ${tell('config')} await import('./${HELPER}'); return ${values}; };`,
  ],
  ['one of several apps', 'prefork.config.js', `${run} module.exports = ${apps};`, ONE],
  ['PM2’s file', 'ecosystem.config.js', `${run} module.exports = ${pm2};`, ONE],
];
const typed: Form = ['TypeScript', 'prefork.config.ts', `${run} module.exports = ${values} as object;`];

async function reload(server: App, outcome: string, nth: number): Promise<string> {
  server.signal('SIGHUP');
  return (await server.event(`reload ${outcome}`, {}, nth)).fields['reason'] ?? '';
}

for (const [what, name, text, options = []] of typescript.byItself ? [...forms, typed] : forms) {
  test(`a reload runs nothing that another user may have changed: ${what}`, { skip }, async (t) => {
    const own = place(t, { [name]: text, [HELPER]: tell('helper') });
    const [file, helper, said] = [join(own, name), join(own, HELPER), join(place(t, { said: '' }), 'said')];
    const chown = (id: number): void => [own, file, dirname(helper), helper].forEach((path) => chownSync(path, id, id));
    chown(NOBODY);
    await using server = await serve({ options: [...MEANT, '--config', file, ...options], env: { SAID: said } });
    const atStart = readFileSync(said, 'utf8');
    assert.match(atStart, /config/);
    await reload(server, 'done', 1);
    // Node keeps what an ES module imports. What a CommonJS module requires would be another one now.
    const isKept = name.endsWith('.mjs');
    writeFileSync(helper, tell('evil'));
    const why = await reload(server, isKept ? 'done' : 'failed', isKept ? 2 : 1);
    assert.match(why, isKept ? /^$/ : /\/helper\.cjs: it has changed or moved/);
    writeFileSync(file, `${text} // changed`);
    assert.match(
      await reload(server, 'failed', isKept ? 1 : 2),
      /root does not read it again, because \S+ is not root's alone/,
    );
    // The same holds where the file is root's, and what it requires is not.
    if (!isKept) {
      [own, file].forEach((path) => chownSync(path, 0, 0));
      assert.match(await reload(server, 'failed', 3), /because \S+\/own\/helper\.cjs is not root's alone/);
    }
    assert.equal(readFileSync(said, 'utf8'), atStart);
    chown(0);
    writeFileSync(file, `${text} // of root's`);
    await reload(server, 'done', isKept ? 3 : 2);
    assert.ok(readFileSync(said, 'utf8').length > atStart.length, 'what is root’s is run again');
  });
}
