import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { adminToken } from '../../../../src/primary/endpoints/admin.ts';
import { takeAdminToken } from '../../../../src/primary/endpoints/admin-token.ts';

const directory = mkdtempSync(join(tmpdir(), 'prefork-token-'));
after(() => rmSync(directory, { recursive: true }));

const TOKEN = 'a-token-of-sixteen-or-more';

function file(text: string): string {
  const path = join(directory, `${Math.random()}`);
  writeFileSync(path, text);
  return path;
}

test('none given is a new one, which is not the next one’s', () => {
  assert.equal(takeAdminToken({}, undefined), undefined);
  assert.equal(takeAdminToken({ PREFORK_ADMIN_TOKEN: '' }, undefined), undefined);
  const [one, other] = [adminToken(undefined, undefined), adminToken(undefined, undefined)];
  assert.equal(one.isGiven, false);
  assert.match(one.token, /^[\w-]{32}$/);
  assert.notEqual(one.token, other.token);
});

test('the one of the primary before is kept, unless another is given', () => {
  assert.deepEqual(adminToken(undefined, 'inherited'), { token: 'inherited', isGiven: true });
  assert.equal(adminToken({ token: TOKEN, isExposed: false }, 'inherited').token, TOKEN);
});

test('the variable is taken out of the environment', () => {
  const env = { PREFORK_ADMIN_TOKEN: TOKEN };
  assert.equal(takeAdminToken(env, undefined)?.token, TOKEN);
  assert.deepEqual(env, {});
});

test('a file comes before the variable, which goes all the same', () => {
  const env = { PREFORK_ADMIN_TOKEN: 'another-token-of-sixteen' };
  assert.deepEqual(takeAdminToken(env, file(`${TOKEN}\n`)), { token: TOKEN, isExposed: false });
  assert.deepEqual(env, {});
});

for (const token of [
  'short',
  'fifteen-letters',
  'with spaces in between',
  'ümlaut-is-no-ascii-',
  `two\nlines-of-a-token`,
]) {
  test(`${JSON.stringify(token)} is refused, and not repeated`, () => {
    const [variable, inFile] = [{ PREFORK_ADMIN_TOKEN: token }, file(token)];
    for (const take of [() => takeAdminToken(variable, undefined), () => takeAdminToken({}, inFile)]) {
      assert.throws(take, (error: Error) => {
        assert.match(error.message, /^(PREFORK_ADMIN_TOKEN|--admin-token-file \S+): expected 16 or more characters/);
        assert.ok(!error.message.includes(token), error.message);
        return true;
      });
    }
  });
}

test('a file that cannot be read, or is no such file, is a usage error', () => {
  const usage = (message: RegExp): object => ({ code: 'ERR_PREFORK_USAGE', message });
  assert.throws(() => takeAdminToken({}, join(directory, 'none')), usage(/^--admin-token-file: ENOENT/));
  assert.throws(() => takeAdminToken({}, directory), usage(/^--admin-token-file: EISDIR/));
  assert.throws(() => takeAdminToken({}, file('x'.repeat(100_000))), usage(/expected a file with a token and nothing/));
});

test('a primary that succeeds another one needs no right to the file', () => {
  assert.equal(takeAdminToken({ PREFORK_UPGRADE: '1' }, join(directory, 'none')), undefined);
});

test(
  'nobody can read it in /proc afterwards, and the other variables are as they were',
  { skip: process.platform !== 'linux' },
  () => {
    const module = fileURLToPath(new URL('../../../../src/primary/endpoints/admin-token.js', import.meta.url));
    const program = `
    const { takeAdminToken } = await import(${JSON.stringify(module)});
    const { readFileSync } = await import('node:fs');
    const taken = takeAdminToken(process.env, undefined);
    const shown = readFileSync('/proc/self/environ', 'latin1').split('\\0');
    console.log(JSON.stringify({ taken, shown, env: process.env, inherited: process.env.PREFORK_ADMIN_TOKEN ?? null }));`;
    for (const [before, behind] of [
      [{}, {}],
      [{ A: TOKEN, AA_PREFORK_ADMIN_TOKEN: TOKEN }, { ZZ: 'z'.repeat(5000) }],
    ]) {
      const env = { ...before, PREFORK_ADMIN_TOKEN: TOKEN, ...behind };
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        env,
        encoding: 'utf8',
      });
      assert.equal(stderr, '');
      const {
        taken,
        shown,
        inherited,
        env: left,
      } = JSON.parse(stdout) as Record<string, unknown> & { shown: string[] };
      assert.deepEqual(taken, { token: TOKEN, isExposed: false });
      assert.equal(inherited, null);
      assert.deepEqual(left, { ...before, ...behind });
      const others = Object.entries({ ...before, ...behind }).map(([name, value]) => `${name}=${value}`);
      assert.deepEqual(
        shown.filter((one) => one !== '' && !one.startsWith('PREFORK_ADMIN_TOKEN')),
        others,
      );
      assert.deepEqual(
        shown.filter((one) => one.startsWith('PREFORK_ADMIN_TOKEN')),
        [`PREFORK_ADMIN_TOKEN=${'-'.repeat(TOKEN.length)}`],
      );
    }
  },
);
