/** Tests the settings: errors say what is wrong, and the documentation has the settings as the table does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { Server } from '../../../../src/http.ts';
import { resolveSettings, settingsTable } from '../../../../src/http/server/settings.ts';
import { root } from '../../../support/paths.ts';

test('docs/http.md has the table of settings', () => {
  const page = readFileSync(`${root}docs/http.md`, 'utf8');
  for (const [name, { default: value, unit, of, meaning }] of Object.entries(settingsTable)) {
    const shown = unit === 'ms' || unit === 'bytes' ? `${value} ${unit}` : String(value);
    const row = `| \`${name}\` | ${shown} | ${of === undefined ? '' : `\`${of}\``} | ${meaning} |`;
    assert.ok(page.includes(row), `docs/http.md lacks, or has otherwise: ${row}`);
  }
});

const handler = (): void => undefined;
const wrong: ReadonlyArray<readonly [given: object, message: RegExp]> = [
  [{}, /^expected either handler: /],
  [{ handler, fetch: handler }, /^expected either handler: /],
  [{ handler, readTimeout: -1 }, /^readTimeout: expected a whole number of ms, 0 or more, got -1$/],
  [{ handler, readTimeout: '10s' }, /^readTimeout: expected a whole number of ms, 0 or more, got "10s"$/],
  [{ handler, maxFields: 1.5 }, /^maxFields: expected a whole number/],
  [{ handler, maxFields: 0 }, /^maxFields: expected a whole number, 1 or more, got 0$/],
  [{ handler, readBufferSize: 0 }, /^readBufferSize: expected a whole number of bytes, 1 or more, got 0$/],
  [{ handler, getOnly: 1 }, /^getOnly: expected a boolean, got 1$/],
  [{ handler, name: 'a\r\nb' }, /^name: expected a string/],
];

for (const [given, message] of wrong) {
  test(`${JSON.stringify(given)} is refused`, () => {
    assert.throws(() => new Server(given), { code: 'ERR_HTTP_OPTION', message });
  });
}

test('settings are no dictionary, as V8 calls what is slow to look up', () => {
  setFlagsFromString('--allow-natives-syntax');
  // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval, no-new-func -- what no other file may have
  const isFast = new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean;
  assert.equal(isFast(resolveSettings({})), true);
  const filled: Record<string, number> = {};
  for (let n = 0; n < 30; n++) filled[`name${n}`] = n;
  assert.equal(isFast(filled), false, 'it can be told');
});
