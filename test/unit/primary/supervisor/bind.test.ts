import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
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

function setUp(answer: Bound): Asked {
  const queries: BindQuery[] = [];
  const log: string[] = [];
  const binder = {
    bind: (query: BindQuery) => {
      queries.push(query);
      return Promise.resolve(answer);
    },
  };
  return {
    queries,
    log,
    parts: { binder: binder as unknown as Binder, log: notedLog((level, text) => log.push(`${level} ${text}`)) },
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
  assert.ok('errno' in (await bindUdpWith(parts)({ ...foreign, reuseAddress: false })));
  assert.deepEqual([queries, log], [[], []]);
});

/** As root every port can be bound, so that there is nothing to ask. */
const skip = process.geteuid?.() === 0 ? 'needs another user than root' : false;

test('a port that is refused here and there is logged', { skip }, async () => {
  const { parts, queries, log } = setUp({ errno: EACCES });
  const query = { ...foreign, address: '127.0.0.1', port: 1, reuseport: true };
  assert.deepEqual(await bindTcpWith(parts)(query), { errno: EACCES });
  assert.deepEqual(queries, [{ transport: 'tcp', ...query }]);
  assert.deepEqual(log, ['warn port refused']);
});
