/** Tests that a worker closes its inspector at the end of the last hold, and not before. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import inspector from 'node:inspector';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import type { HoldTerms } from '../../../../src/ipc/messages.ts';
import { closeInspectorAfterHolds } from '../../../../src/worker/vitals/inspector.ts';
import { poll } from '../../../support/watched.ts';

type Hear = (terms: HoldTerms) => void;

function worker(): Hear {
  let hear: Hear | undefined;
  closeInspectorAfterHolds({ on: (_type, handler) => void (hear = handler as unknown as Hear) });
  return hear!;
}

/** Stands still, as at a breakpoint. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Two ends of a connection: what one writes can be read by the other when the event loop turns again. */
async function ends(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [near, far];
}

test('the end of a hold closes the inspector, and one whose tool keeps it does not', async () => {
  const hear = worker();
  inspector.open(0, '127.0.0.1');
  hear({ within: 1, closesInspector: false });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.notEqual(inspector.url(), undefined);
  hear({ within: 0, closesInspector: true });
  await poll(() => inspector.url() === undefined || undefined, 'the end of the inspector');
  hear({ within: 0, closesInspector: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
});

test('what one tool has opened is closed at the end of the last hold, whatever that one says', async (t) => {
  const hear = worker();
  t.after(() => inspector.close());
  inspector.open(0, '127.0.0.1');
  hear({ within: 1000, closesInspector: true });
  hear({ within: 60_000, closesInspector: false });
  hear({ within: 0, closesInspector: false });
  await poll(() => inspector.url() === undefined || undefined, 'the end of the inspector');
  inspector.open(0, '127.0.0.1');
  hear({ within: 0, closesInspector: false });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.notEqual(inspector.url(), undefined, 'no tool has opened this one');
});

test('a hold that was renewed while the worker stood still goes on', async (t) => {
  const hear = worker();
  const [near, far] = await ends();
  t.after(() => {
    near.destroy();
    far.destroy();
    inspector.close();
  });
  inspector.open(0, '127.0.0.1');
  hear({ within: 20, closesInspector: true });
  far.once('data', () => hear({ within: 60_000, closesInspector: true }));
  near.write('renewed');
  standStill(300);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.notEqual(inspector.url(), undefined);
  hear({ within: 0, closesInspector: false });
});
