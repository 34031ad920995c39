import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { boardDirectories, boardFileName, parseBoardFileName } from '../../../src/scoreboard/place.ts';

const names: ReadonlyArray<[name: string, safe: string]> = [
  ['app', 'app'],
  ['my-app.v2_x', 'my-app.v2_x'],
  ['../../etc/passwd', '.._.._etc_passwd'],
  ['two words\n', 'two_words_'],
  ['naïve 💥', 'na_ve___'],
  ['', ''],
];

for (const [name, safe] of names) {
  test(`the file of a server named ${JSON.stringify(name)} says whose it is`, () => {
    const fileName = boardFileName({ uid: 1000, primaryPid: 4711, name });
    assert.equal(fileName, `prefork-1000-4711-${safe}.board`);
    assert.deepEqual(parseBoardFileName(fileName), { uid: 1000, primaryPid: 4711, name: safe });
  });
}

test('a long name is cut, for a file name has at most 255 bytes', () => {
  assert.ok(boardFileName({ uid: 4294967295, primaryPid: 4194304, name: 'n'.repeat(1000) }).length < 255);
});

for (const fileName of [
  'prefork-1000-x-app.board',
  'prefork-1000-1.board',
  'x-prefork-1-1-a.board',
  'prefork-1-1-a.tmp',
]) {
  test(`${fileName} is no board's name`, () => assert.equal(parseBoardFileName(fileName), undefined));
}

test('every directory offered is one', () => {
  const directories = boardDirectories();
  assert.notEqual(directories.length, 0);
  for (const directory of directories) assert.ok(statSync(directory).isDirectory(), directory);
});
