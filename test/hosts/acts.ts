import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ADMIN_PORT, type Application } from './lab/application.ts';
import type { Lab } from './lab/lab.ts';
import type { Traffic } from './lab/traffic.ts';

export interface Act {
  /** What it is, as the name of a test. */
  readonly name: string;
  /** True where a server goes away, so that a balancer that does not ask has to try. */
  readonly goesAway?: true;
  /**
   * Does it.
   *
   * @returns what it may cost. An act that is planned costs nothing.
   */
  readonly happen: (lab: Lab, traffic: Traffic) => Promise<Cost | void>;
}

export interface Cost {
  /** The host that has died. What it had in flight may be lost, and nothing else. */
  readonly died?: Application;
  /** How many of the acknowledged orders have to be counted, where Redis may have lost some. */
  readonly kept?: number;
}

const CUT_MS = 5000;

/** The acts, in the order in which they happen. Each leaves the lab as it found it. */
export const acts: readonly Act[] = [
  {
    name: 'a reload and a rollback of one host after the other',
    happen: rolling(async (app, { prometheus, applications }) => {
      app.release('2.0.0');
      await app.reload();
      assert.equal(await app.version(), '2.0.0');
      if (app === applications[0]) await prometheus.fires('PreforkVersionsDiffer', { name: 'shop' });
      await app.must('rollback');
      assert.equal(await app.version(), '1.0.0');
      app.release('1.0.0');
    }),
  },
  { name: 'an upgrade of one host after the other', happen: rolling((app) => app.upgrade()) },
  {
    name: 'a stop and a start of one host after the other',
    goesAway: true,
    happen: rolling(async (app) => {
      await app.stop();
      await app.start();
    }),
  },
  {
    name: 'a primary that is killed, on the host that leads',
    goesAway: true,
    happen: async (lab) => {
      const app = await lab.leader();
      await app.killPrimary();
      await app.start();
      return { died: app };
    },
  },
  {
    name: 'a host that is cut off, while it leads',
    goesAway: true,
    happen: async (lab, traffic) => {
      const app = await lab.leader();
      await lab.network.cut(app.host);
      await Promise.all([
        traffic.everyClientAnswered(),
        lab.leader(app),
        lab.prometheus.fires('PreforkHostDown', { instance: `${app.address}:${ADMIN_PORT}` }),
      ]);
      await lab.network.join(app.host);
      await lab.prometheus.isOver('PreforkHostDown');
      return { died: app };
    },
  },
  {
    name: 'Redis that is cut off for 5 s',
    happen: async ({ network, redis: [redis] }) => {
      await network.cut(redis.host);
      await delay(CUT_MS);
      await network.join(redis.host);
    },
  },
  {
    name: 'Redis that is killed, and started with its data',
    happen: async ({ redis: [redis] }) => {
      await redis.kill();
      await redis.start();
    },
  },
  {
    name: 'Redis that is killed, and started without its data',
    happen: async ({ redis: [redis] }) => {
      await redis.kill();
      redis.forget();
      await redis.start();
      return { kept: 0 };
    },
  },
  {
    name: 'a failover of Redis to its replica',
    happen: async ({ redis, sentinel }, { orders }) => {
      const [primary, replica] = redis;
      await sentinel.seesReplica();
      const kept = orders.acknowledged;
      await primary.replicated();
      await primary.kill();
      await sentinel.watch(true);
      await sentinel.names(replica.address);
      await sentinel.watch(false);
      await primary.start(replica.address);
      redis.reverse();
      return { kept };
    },
  },
];

/** Does it to each host in turn, while the other two serve. */
function rolling(happen: (application: Application, lab: Lab) => Promise<void>): Act['happen'] {
  return async (lab, traffic) => {
    for (const application of lab.applications) {
      await happen(application, lab);
      // Both balancers have seen it by then, and it serves again.
      await lab.isUp(application);
      await traffic.everyClientAnswered();
    }
  };
}
