import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { NewPrimary } from '../../../src/upgrade/new-primary.ts';
import { NOBODY, noOtherUser } from '../../support/platform.ts';
import { resolvers } from '../http/helpers.ts';
import { nothing as handover } from './helpers.ts';

test('a process that cannot be started leaves no deadline, which would find nothing to kill', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  // If the process started all the same, it must not run this test again.
  process.argv = [process.execPath, '--version'];
  const before = timers();
  const none = (): never => assert.fail();
  const events = { ready: none, failed: none, moved: none, gone: none };
  assert.throws(
    () =>
      new NewPrimary({ handover, env: { PORT: '80\0' }, within: 60_000, isFromRoot: false, binder: undefined }, events),
    {
      code: 'ERR_INVALID_ARG_VALUE',
    },
  );
  assert.equal(timers(), before);
});

/** Has a primary that root has started for another user run its command again. @returns how the next primary has ended */
async function upgraded(t: TestContext, node: string, home: string, ...argv: string[]): Promise<string> {
  const { argv: before } = process;
  process.argv = [process.execPath, ...argv];
  t.after(() => void (process.argv = before));
  const ids = process as Required<Pick<NodeJS.Process, 'geteuid' | 'getegid'>>;
  for (const id of ['geteuid', 'getegid'] as const) t.mock.method(ids, id, () => NOBODY);
  const none = (): never => assert.fail();
  const { promise, resolve } = resolvers<string>();
  const events = { ready: none, failed: resolve, moved: none, gone: none };
  const options = { handover, node, env: {}, within: 20_000, isFromRoot: true, binder: undefined };
  const next = new NewPrimary({ ...options, home: { named: home, real: home } }, events);
  await next.over;
  return promise;
}

/** Returns a directory of root's, which is gone after the test. */
function rootsDirectory(t: TestContext): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'prefork-next-')));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test(
  'for root the node runs that was checked, also where its path leads a process to its own directory',
  {
    skip: noOtherUser || process.platform !== 'linux',
  },
  async (t) => {
    const directory = rootsDirectory(t);
    const [checked, other] = [join(directory, 'checked'), join(directory, 'other')];
    for (const [home, code] of [
      [checked, 3],
      [other, 4],
    ] as const) {
      mkdirSync(home);
      writeFileSync(join(home, 'node'), `#!/bin/sh\nexit ${code}\n`, { mode: 0o755 });
    }
    const cwd = process.cwd();
    process.chdir(checked);
    t.after(() => process.chdir(cwd));
    assert.equal(await upgraded(t, '/proc/self/cwd/node', other, directory), 'the new primary ended with code 3');
  },
);

test(
  'for root the next primary still has the name of its node, to look for the one after it',
  {
    skip: noOtherUser,
  },
  async (t) => {
    const directory = rootsDirectory(t);
    const script = join(directory, 'script.cjs');
    writeFileSync(script, 'process.exit(process.argv0 === process.argv[2] ? 5 : 6)');
    const node = join(directory, 'current');
    symlinkSync(process.execPath, node);
    assert.equal(await upgraded(t, node, directory, script, node), 'the new primary ended with code 5');
  },
);
