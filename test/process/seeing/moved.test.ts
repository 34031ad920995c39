/** Connections that have moved, wherever figures are seen; and the mode that moves each after every answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../../src/control/controls.ts';
import { MOVE_REASONS, movedOut, type MoveReason } from '../../../src/contract/moves.ts';
import { serve, type Target } from '../../support/app.ts';
import { get } from '../../support/http.ts';
import { KeptConnections } from '../../support/kept-connections.ts';
import { adminOf, sumOf } from '../../support/scrape.ts';
import { poll } from '../../support/watched.ts';

async function statusOf(admin: Target): Promise<Status> {
  return JSON.parse((await get(admin, { path: '/status' })).body) as Status;
}

const takenBy = (admin: Target, reason: MoveReason): Promise<number> =>
  sumOf(admin, 'prefork_connections_moved_total{', `reason="${reason}",outcome="taken"`);

async function allTaken(admin: Target): Promise<number> {
  return sumOf(admin, 'prefork_connections_moved_total{', 'outcome="taken"');
}

test('what moved in a reload is in the status, the metrics and the log, also of workers that have ended', async () => {
  await using app = await serve({
    entry: 'echoes.js',
    options: ['--workers', '2', '--admin', '0', '--log-level', 'debug'],
  });
  const admin = await adminOf(app);
  const before = [...app.workers.values()];
  const kept = await KeptConnections.open(app.target, { connections: 16 });
  app.signal('SIGHUP');
  for (const pid of before) await app.event('worker stopped', { pid });

  // Levelling may move one just before the drain could, and others between the new workers.
  const [drained, levelled] = [await takenBy(admin, 'drain'), await takenBy(admin, 'level')];
  assert.ok(drained <= 16 && drained + levelled >= 16, `${drained} drained, ${levelled} levelled`);
  const all = await poll(async () => {
    const [out, came] = [await allTaken(admin), await sumOf(admin, 'prefork_connections_moved_in_total{')];
    return out === came ? out : undefined;
  }, 'as many that came as went');
  const { balance, slots } = await statusOf(admin);
  assert.equal(balance.moves.drain.taken, drained);
  assert.equal(
    MOVE_REASONS.reduce((sum, reason) => sum + balance.moves[reason].taken, 0),
    all,
  );
  const ins = slots.map(({ worker }) => worker!.vitals!.movedIn);
  assert.ok(ins.reduce((sum, one) => sum + one) >= 16, `moved in: ${ins.join(', ')}`);
  const told = app.events('worker drained').reduce((sum, { fields }) => sum + Number(fields['movedOut']), 0);
  assert.ok(told >= 16 && told <= all);
  const { closed, toldToClose, lost, wrong } = await kept.stop();
  assert.deepEqual({ closed, toldToClose, lost, wrong }, { closed: 0, toldToClose: 0, lost: 0, wrong: 0 });
});

for (const entry of ['echoes.js', 'http-echoes.js']) {
  test(`--migrate every-answer moves each connection after every answer, ${entry}`, async () => {
    const options = ['--workers', '3', '--admin', '0', '--migrate', 'every-answer'];
    await using app = await serve({ entry, options });
    const admin = await adminOf(app);
    // Each client pauses, so that its connection is free to move after most answers.
    const kept = await KeptConnections.open(app.target, { connections: 4, traffic: 'post', pause: 30 });
    await poll(async () => ((await allTaken(admin)) >= 100 ? true : undefined), '100 moves');
    const { answers, closed, toldToClose, lost, wrong } = await kept.stop();
    assert.deepEqual({ closed, toldToClose, lost, wrong }, { closed: 0, toldToClose: 0, lost: 0, wrong: 0 });
    const moved = await poll(async () => {
      const out = await allTaken(admin);
      return out === (await sumOf(admin, 'prefork_connections_moved_in_total{')) ? out : undefined;
    }, 'as many that came as went');
    // A connection may be on its way when its client ends it, and a client that asks at once is answered before it has gone.
    assert.ok(moved > answers * 0.5, `${moved} moves, ${answers} answers`);
    const { slots } = await statusOf(admin);
    for (const { worker } of slots) assert.ok(movedOut(worker!.vitals!) > 0);
  });
}
