import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ansi, colorizeFor, plain } from '../../../src/cli/colors.ts';

const cases: ReadonlyArray<[isTTY: boolean | undefined, env: NodeJS.ProcessEnv, colours: boolean]> = [
  [true, {}, true],
  [true, { TERM: 'xterm', NO_COLOR: '' }, true],
  [true, { NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, {}, false],
  [undefined, { TERM: 'xterm' }, false],
];
for (const [isTTY, env, colours] of cases) {
  test(`terminal ${isTTY}, ${JSON.stringify(env)}: ${colours ? 'colours' : 'none'}`, () => {
    assert.equal(colorizeFor(isTTY === undefined ? {} : { isTTY }, env), colours ? ansi : plain);
  });
}
