import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readlinkSync, symlinkSync, unlinkSync, linkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { probe } from '../../../../src/control/files/probe.ts';
import { replacePath, takePath } from '../../../../src/control/files/take-path.ts';
import { closed, listenOn, Place } from '../helpers.ts';

/** Leaves a socket file on which no process listens, as a killed server does. */
async function leaveDead(place: Place, name: string): Promise<void> {
  const server = await listenOn(place.file('dying'));
  linkSync(place.file('dying'), place.file(name));
  await closed(server);
  assert.equal(await probe(place.file(name)), 'dead');
}

function inode(path: string): number {
  return lstatSync(path).ino;
}

test('a path that is free is taken, and leads to the server', async () => {
  using place = new Place();
  await using _own = await listenOn(place.file('own'));
  assert.equal(await takePath(place.file('own'), place.file('a.sock')), true);
  assert.equal(await probe(place.file('a.sock')), 'live');
});

test('a live server keeps its path', async () => {
  using place = new Place();
  await using _first = await listenOn(place.file('a.sock'));
  await using _own = await listenOn(place.file('own'));
  const before = inode(place.file('a.sock'));
  assert.equal(await takePath(place.file('own'), place.file('a.sock')), false);
  assert.equal(inode(place.file('a.sock')), before);
});

test('a dead socket is replaced, and no permit is left', async () => {
  using place = new Place();
  await leaveDead(place, 'a.sock');
  await using _own = await listenOn(place.file('own'));
  assert.equal(await takePath(place.file('own'), place.file('a.sock')), true);
  assert.equal(inode(place.file('a.sock')), inode(place.file('own')));
  assert.deepEqual(place.names, ['a.sock', 'own']);
});

/** Returns the name of a permit on the dead file at `a.sock`. */
function permitOn(place: Place): string {
  const { ino, mtimeNs } = lstatSync(place.file('a.sock'), { bigint: true });
  return `.${ino.toString(36)}-${mtimeNs.toString(36)}.permit`;
}

test('a permit whose owner died is no obstacle', async () => {
  using place = new Place();
  await leaveDead(place, 'a.sock');
  await leaveDead(place, permitOn(place));
  await using _own = await listenOn(place.file('own'));
  assert.equal(await takePath(place.file('own'), place.file('a.sock')), true);
  assert.deepEqual(place.names, ['a.sock', 'own']);
});

test('who sees a living permit waits for what comes of it', { timeout: 20_000 }, async () => {
  using place = new Place();
  await leaveDead(place, 'a.sock');
  await using other = await listenOn(place.file('other'));
  await using _own = await listenOn(place.file('own'));
  const permit = place.file(permitOn(place));
  linkSync(place.file('other'), permit);
  let isSettled = false;
  const taking = takePath(place.file('own'), place.file('a.sock')).finally(() => (isSettled = true));
  const met = once(other, 'connection');
  await met;
  assert.equal(isSettled, false);
  // The other starter does what its permit is for.
  unlinkSync(place.file('a.sock'));
  linkSync(permit, place.file('a.sock'));
  unlinkSync(permit);
  assert.equal(await taking, false);
  assert.equal(inode(place.file('a.sock')), inode(place.file('other')));
});

for (const [what, make] of [
  ['a file', (path: string) => writeFileSync(path, 'precious')],
  ['a link', (path: string) => symlinkSync('/nowhere', path)],
] as const) {
  test(`${what} that is no socket is left alone`, async () => {
    using place = new Place();
    make(place.file('a.sock'));
    await using _own = await listenOn(place.file('own'));
    const refusal = { code: 'ERR_CONTROL_SOCKET', message: /a\.sock is not a socket.*left alone/ };
    await assert.rejects(takePath(place.file('own'), place.file('a.sock')), refusal);
    assert.throws(() => replacePath(place.file('own'), place.file('a.sock')), refusal);
    assert.equal(lstatSync(place.file('a.sock')).isSocket(), false);
    if (what === 'a link') assert.equal(readlinkSync(place.file('a.sock')), '/nowhere');
  });
}

test('of many processes that find a dead socket at the same time, one gets the path', async () => {
  const starters = await Promise.all(Array.from({ length: 4 }, startStarter));
  try {
    for (let round = 0; round < 25; round++) await race(starters, round);
  } finally {
    for (const starter of starters) starter.kill();
  }
});

const perProcess = 3;

async function race(starters: readonly ChildProcess[], round: number): Promise<void> {
  using place = new Place();
  if (round % 2 === 0) await leaveDead(place, 'a.sock');
  if (round % 4 === 0) await leaveDead(place, permitOn(place));
  const answers = starters.map((starter) => once(starter, 'message') as Promise<[string[]]>);
  for (const starter of starters) starter.send({ take: place.path, count: perProcess });
  const won = (await Promise.all(answers)).flatMap(([names]) => names);
  assert.equal(won.length, 1, `round ${round}: ${won.join(' and ') || 'nobody'} got it`);
  assert.equal(inode(place.file('a.sock')), inode(place.file(won[0]!)), 'and still has it');
  assert.deepEqual(
    place.names.filter((name) => name.endsWith('.permit')),
    [],
  );
  const over = starters.map((starter) => once(starter, 'message'));
  for (const starter of starters) starter.send({ end: true });
  await Promise.all(over);
}

async function startStarter(): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('take-paths.js', import.meta.url)));
  await once(child, 'message');
  return child;
}
