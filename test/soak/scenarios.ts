/** The table of events that happen to a server while it is kept busy, a row each. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { OperationFailed, type App } from 'prefork/testing';

export interface Scenario {
  /** Options of the command, besides the number of workers. */
  readonly options: readonly string[];
  /**
   * Variables for the application.
   *
   * @param directory the server's own, which goes with it.
   */
  readonly env?: (directory: string) => Readonly<Record<string, string>>;
  /**
   * Makes the event happen the `nth` time, from 1.
   *
   * @param entry the file that the server runs: a copy, which may be changed.
   */
  readonly happen: (app: App, nth: number, entry: string) => Promise<unknown>;
  /** Cleans up when all is over. */
  readonly after?: (app: App, entry: string) => Promise<unknown>;
}

/** The number of workers at the start. */
export const WORKERS = 2;

let goodBuild: string | undefined;

export const scenarios: Readonly<Record<string, Scenario>> = {
  reloads: { options: [], happen: (app) => app.reload() },
  scales: {
    options: [],
    happen: (app, nth) => app.scale(nth % 2 === 1 ? WORKERS + 2 : WORKERS - 1),
    after: (app) => app.scale(WORKERS),
  },
  // The first new worker accepts when the other one fails.
  'failing-scales': {
    options: [],
    env: (directory) => ({ SCALE_FAILS: directory }),
    happen: (app) => assert.rejects(app.scale(WORKERS + 2), failsWith(/slot 3 fails/)),
  },
  upgrades: { options: [], happen: (app) => app.upgrade() },
  recycles: {
    options: ['--max-requests', '500'],
    happen: (app, nth) => app.event('worker stopped', { nth, within: 120_000 }),
  },
  'broken-build': {
    options: [],
    happen: async (app, _nth, entry) => {
      goodBuild ??= readFileSync(entry, 'utf8');
      writeFileSync(entry, "throw new Error('broken build');\n");
      await assert.rejects(app.reload(), failsWith(/broken build/));
    },
    after: (app, entry) => {
      writeFileSync(entry, goodBuild!);
      return app.reload();
    },
  },
};

function failsWith(words: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof OperationFailed, String(error));
    assert.match(error.stderr, words);
    return true;
  };
}
