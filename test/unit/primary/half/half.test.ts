/** Tests with which release the process of `--primary` runs, and how long it may take to end. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import type { Program } from '../../../../src/options/index.ts';
import { PrimaryHalf } from '../../../../src/primary/half/half.ts';
import { FakeOs, type FakeChild } from '../workers/fake-os.ts';

const programOf = (release: string): Program => ({ entry: 'app.js', args: [], execArgv: [], primary: release });

class Bench extends FakeOs {
  readonly started: string[] = [];
  readonly logged: Array<readonly [event: string, fields: unknown]> = [];
  current: Program = programOf('one');
  hasRoom = true;
  readonly half = new PrimaryHalf({
    os: this,
    log: (event, fields) => void this.logged.push([event, fields]),
    output: undefined,
    current: () => this.current,
    program: () => this.current,
    settings: () => ({ readyTimeout: 1000, shutdownGracePeriod: 30_000 }),
    workers: () => [],
    tell: () => this.hasRoom,
  });

  override forkHalf(_program?: Program, primary?: string): ChildProcess {
    this.started.push(primary!);
    return super.forkHalf();
  }

  /** Starts the first process, whose program is loaded. */
  start(): FakeChild {
    this.half.start();
    const child = this.children.at(-1)!;
    child.say({ type: 'ready' });
    return child;
  }
}

function isToldToEnd({ heard }: FakeChild): boolean {
  return heard.some(({ type }) => (type as string) === 'end');
}

test('a reload that failed has it run what was before, where it was started anew meanwhile', () => {
  const bench = new Bench();
  const before = bench.current;
  const first = bench.start();
  bench.current = programOf('two');
  first.exit(1, null);
  bench.half.start();
  bench.current = before;
  bench.half.goBack();
  assert.deepEqual([bench.started, isToldToEnd(bench.children[1]!)], [['one', 'two', 'one'], true]);
});

test('a reload that failed leaves it alone where it runs that all the time', () => {
  const bench = new Bench();
  const child = bench.start();
  bench.half.goBack();
  assert.deepEqual([bench.started, isToldToEnd(child)], [['one'], false]);
});

test('a release without one ends it', () => {
  const bench = new Bench();
  const child = bench.start();
  bench.current = { ...bench.current, primary: undefined };
  assert.equal(bench.half.isWanted, false);
  bench.half.renew();
  assert.deepEqual([bench.started, isToldToEnd(child)], [['one'], true]);
});

test('it keeps a server that has stopped for 5 s at most', async () => {
  const bench = new Bench();
  const child = bench.start();
  const closed = bench.half.close();
  assert.deepEqual([isToldToEnd(child), child.signals], [true, []]);
  bench.pass(5000);
  assert.deepEqual(child.signals, ['SIGKILL']);
  child.exit(null, 'SIGKILL');
  await closed;
});

test('what a worker does not read is dropped with a line in the log, once a minute', () => {
  const bench = new Bench();
  const child = bench.start();
  const dropped = (): unknown[] => bench.logged.filter(([event]) => event === 'message dropped');
  child.say({ type: 'send', worker: 1, message: 'one' } as never);
  assert.deepEqual(dropped(), []);
  bench.hasRoom = false;
  for (let nth = 0; nth < 3; nth++) child.say({ type: 'send', worker: 1, message: 'two' } as never);
  assert.deepEqual(dropped(), [['message dropped', { why: 'a worker does not read what the half sends it' }]]);
});
