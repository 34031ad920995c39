import assert from 'node:assert/strict';
import { chmodSync, utimesSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import type { ConfigText, Launch } from '../../../src/options/index.ts';
import {
  refuseCodeOfOthers,
  refuseConfigOfOthers,
  refuseVariablesOfOthers,
} from '../../../src/privileges/read-again.ts';
import { Place } from '../control/helpers.ts';

const skip = process.geteuid?.() !== 0 && 'needs root';

/** Makes a file that every user may write. */
function open(place: Place, name: string): string {
  const file = place.file(name);
  writeFileSync(file, '');
  chmodSync(file, 0o666);
  return file;
}

function launch(config: ConfigText | undefined, envFiles: Launch['envFiles'] = []): Launch {
  return { config: config && { ...config, values: {}, notes: [] }, envFiles } as Partial<Launch> as Launch;
}

const refused = /root does not read it again/;

test('root takes the same text of others again, and code from the same file alone', { skip }, () => {
  using place = new Place();
  for (const isCode of [true, false]) {
    const before = { file: open(place, 'a'), text: 'one', isCode, modules: [] };
    const known = launch(before);
    assert.equal(refuseConfigOfOthers(before, known), isCode ? known.config : undefined, 'code is not run again');
    assert.throws(() => refuseConfigOfOthers({ ...before, text: 'two' }, launch(before)), refused);
    assert.throws(() => refuseConfigOfOthers(before, launch(undefined)), refused);
    const moved = { ...before, file: open(place, 'b') };
    if (isCode) assert.throws(() => refuseConfigOfOthers(moved, launch(before)), refused);
    else refuseConfigOfOthers(moved, launch(before));
    chmodSync(moved.file, 0o644);
    assert.equal(refuseConfigOfOthers({ ...moved, text: 'two' }, launch(before)), undefined);
  }
});

test('nor is code run again that loads a module of others again', { skip }, () => {
  using place = new Place();
  const file = place.file('prefork.config.js');
  writeFileSync(file, '');
  const before = { file, text: 'one', isCode: true, modules: [file] };
  const known = launch(before);
  assert.equal(refuseConfigOfOthers(before, known), undefined);
  const helper = open(place, 'helper.js');
  const more = { ...before, modules: [file, helper] };
  assert.throws(() => refuseConfigOfOthers(more, known), refused, 'it was written after the start');
  for (const one of more.modules) utimesSync(one, 0, 0);
  assert.equal(refuseConfigOfOthers(more, known), known.config);
  assert.throws(() => refuseConfigOfOthers({ ...more, text: 'two' }, known), refused);
});

test('and no changed variables', { skip }, () => {
  using place = new Place();
  const file = open(place, 'a.env');
  const before = launch(undefined, [{ file, text: 'A=1' }]);
  assert.equal(refuseVariablesOfOthers(before, before), before);
  assert.throws(() => refuseVariablesOfOthers(launch(undefined, [{ file, text: 'A=2' }]), before), refused);
});

test('a command that only looks at a config file runs none of others as root', { skip }, () => {
  using place = new Place();
  const file = open(place, 'prefork.config.js');
  assert.throws(() => refuseCodeOfOthers({ file, text: '', isCode: true, modules: [] }), /root does not run it/);
  refuseCodeOfOthers({ file, text: '', isCode: false, modules: [] });
  chmodSync(file, 0o644);
  refuseCodeOfOthers({ file, text: '', isCode: true, modules: [] });
});
