import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Board } from '../../../../src/scoreboard/board.ts';
import { monotonic } from '../../../../src/scoreboard/clock.ts';
import { BLANK } from '../../../../src/scoreboard/record.ts';
import { Writer } from '../../../../src/scoreboard/writer.ts';
import { Rebalancer } from '../../../../src/worker/balancing/rebalancer.ts';
import { temporaryDirectory } from '../../scoreboard/helpers.ts';

const PERIOD = 250;
/** Looks until it lets go, and looks in which it rests then. */
const [PATIENCE, REST] = [8, 8];
const CONNECTIONS = 64;
const LET_GO = 4;

interface Bench {
  readonly rebalancer: Rebalancer;
  readonly requests: { undismissed: number; dismiss(connections: number): void };
  readonly look: (times: number) => void;
}

/** A worker that is hot beside one that is not. */
function setUp(t: TestContext): Bench {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const board = Board.create({ name: 'rebalancer', rows: 2, directories: [temporaryDirectory(t)] });
  const writers = [0, 1].map((row) => Writer.open(board.path, row));
  t.after(() => {
    for (const writer of writers) writer.close();
    board.close();
  });
  const requests: Bench['requests'] = {
    undismissed: 0,
    dismiss(connections) {
      this.undismissed = connections;
    },
  };
  const servers = { open: () => CONNECTIONS };
  const rebalancer = Rebalancer.start({ requests, servers, board: board.path, slot: () => 0 });
  assert.ok(rebalancer);
  const look = (times: number): void => {
    for (const [slot, writer] of writers.entries()) {
      writer.write({ ...BLANK, slot, state: 'ready', heartbeat: monotonic(), utilization: [0.95, 0.3][slot]! });
    }
    t.mock.timers.tick(times * PERIOD);
  };
  return { rebalancer, requests, look };
}

test('those that were let go of count on; those that stayed count once, and are left alone after the rest', (t) => {
  const { rebalancer, requests, look } = setUp(t);
  look(PATIENCE);
  assert.deepEqual([requests.undismissed, rebalancer.handicap], [LET_GO, LET_GO + 1]);
  requests.undismissed = 1;
  look(REST - 1);
  assert.deepEqual([requests.undismissed, rebalancer.handicap], [1, LET_GO + 1]);
  look(1);
  assert.deepEqual([requests.undismissed, rebalancer.handicap], [0, LET_GO]);
});

test('connections of which none goes do not add up', (t) => {
  const { rebalancer, requests, look } = setUp(t);
  for (let cycle = 0; cycle < 5; cycle++) {
    look(PATIENCE);
    assert.equal(requests.undismissed, LET_GO);
    look(REST);
    assert.deepEqual([requests.undismissed, rebalancer.handicap], [0, 0]);
  }
});
