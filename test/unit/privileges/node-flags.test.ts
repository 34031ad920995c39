import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOfFlags, filesOfVariables } from '../../../src/privileges/node-flags.ts';

const cwd = '/nowhere';

const cases: ReadonlyArray<readonly [flags: readonly string[], nodeOptions: string | undefined, files: string[]]> = [
  [[], undefined, []],
  [['--max-old-space-size=64', '--trace-warnings'], '--no-warnings', []],
  [['-r', './a.js', '--import=./b.mjs'], undefined, ['/nowhere/a.js', '/nowhere/b.mjs']],
  [['--env-file', '.env'], undefined, ['/nowhere/.env']],
  [['--loader', 'file:///c.mjs'], undefined, ['/c.mjs']],
  [[], '--require /d.js  --import="./with space.mjs"', ['/d.js', '/nowhere/with space.mjs']],
  [[], '--require "./with \\"quotes\\".js"', ['/nowhere/with "quotes".js']],
  [['--require'], '--import=', []],
  [['--snapshot-blob=s.blob', '--icu-data-dir', 'icu'], undefined, ['/nowhere/s.blob', '/nowhere/icu']],
  [['--experimental-default-config-file'], undefined, ['/nowhere/node.config.json']],
  [['--import', 'file://%'], undefined, []],
  [['--env_file=a_b.env'], '--experimental_loader=./c_d.mjs', ['/nowhere/a_b.env', '/nowhere/c_d.mjs']],
  [['--experimental_default_config_file'], undefined, ['/nowhere/node.config.json']],
  // What node writes is not loaded: see node-outputs.test.ts.
  [['--report-on-fatalerror', '--report-dir=reports', '--cpu-prof'], '--logfile=./x.log', []],
];

for (const [flags, nodeOptions, files] of cases) {
  test(`what is loaded by ${flags.join(' ')} ${nodeOptions ?? ''}`, () => {
    assert.deepEqual(filesOfFlags(flags, nodeOptions, cwd), files);
  });
}

const variables: ReadonlyArray<readonly [env: Readonly<Record<string, string>>, files: string[]]> = [
  [{}, []],
  [{ PATH: '/bin', NODE_COMPILE_CACHE: '' }, []],
  [{ NODE_COMPILE_CACHE: '.cache', OPENSSL_CONF: '/etc/ssl.cnf' }, ['/nowhere/.cache', '/etc/ssl.cnf']],
  [{ LD_PRELOAD: 'libjemalloc.so.2 /opt/a.so:./b.so' }, ['/opt/a.so', '/nowhere/b.so']],
  [{ LD_LIBRARY_PATH: ':/usr/lib:$ORIGIN/../lib' }, ['/nowhere', '/usr/lib']],
];

for (const [env, files] of variables) {
  test(`what is loaded by ${JSON.stringify(env)}`, () => {
    assert.deepEqual(filesOfVariables(env, cwd), files);
  });
}
