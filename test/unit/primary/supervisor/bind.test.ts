import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test, type TestContext } from 'node:test';
import type { Bound } from '../../../../src/listeners/native.ts';
import { bindTcpWith, bindUdpWith } from '../../../../src/primary/supervisor/bind.ts';
import type { BindQuery } from '../../../../src/privileges/binder-messages.ts';
import type { Binder } from '../../../../src/privileges/binder.ts';
import { notedLog } from '../../../support/noted-log.ts';

const EACCES = -constants.errno.EACCES;
/** An address that this machine does not have (TEST-NET-1), so that the kernel refuses it. */
const foreign = { address: '192.0.2.1', port: 8080, family: 4, ipv6Only: false } as const;

interface Asked {
  readonly queries: BindQuery[];
  readonly log: string[];
  readonly parts: Parameters<typeof bindTcpWith>[0];
}

function setUp(answer: Bound, isGone = false): Asked {
  const queries: BindQuery[] = [];
  const log: string[] = [];
  const binder = {
    isGone,
    bind: (query: BindQuery) => {
      queries.push(query);
      return Promise.resolve(answer);
    },
  };
  return {
    queries,
    log,
    parts: {
      binder: binder as unknown as Binder,
      log: notedLog((level, text, fields) => log.push(`${level} ${text} ${JSON.stringify(fields)}`)),
    },
  };
}

test('what this process may bind itself, it does', async () => {
  const { parts, queries } = setUp({ errno: EACCES });
  const bound = await bindTcpWith(parts)({ ...foreign, address: '127.0.0.1', port: 0, reuseport: false });
  assert.ok('handle' in bound);
  bound.handle.close();
  assert.deepEqual(queries, []);
});

test('an error that is not for want of a privilege is no question for the binder', async () => {
  const { parts, queries, log } = setUp({ errno: EACCES });
  const bound = await bindTcpWith(parts)({ ...foreign, reuseport: true });
  assert.deepEqual(bound, { errno: -constants.errno.EADDRNOTAVAIL });
  assert.ok('errno' in (await bindUdpWith(parts)({ ...foreign, reuseAddress: false }, false)));
  assert.deepEqual([queries, log], [[], []]);
});

/** Runs as another user: root can bind every port, so there would be nothing to ask. */
function asAnotherUser(t: TestContext): void {
  if (process.geteuid?.() !== 0) return;
  process.seteuid!(65_534);
  t.after(() => process.seteuid!(0));
}

for (const [isGone, why] of [
  [false, 'it is not among those of --bind, or of the first start where there is none'],
  [true, 'no process with the right to bind it is left; start the server again'],
] as const) {
  test(`a port that is refused here and there is logged, and why: ${why}`, async (t) => {
    asAnotherUser(t);
    const { parts, queries, log } = setUp({ errno: EACCES }, isGone);
    const query = { ...foreign, address: '127.0.0.1', port: 1, reuseport: true };
    const bind = bindTcpWith(parts);
    assert.deepEqual(await bind(query), { errno: EACCES });
    assert.deepEqual(queries, [{ transport: 'tcp', ...query }]);
    assert.deepEqual(await bind(query), { errno: EACCES });
    assert.deepEqual(log, [`warn port refused ${JSON.stringify({ port: 1, message: why })}`]);
  });
}
