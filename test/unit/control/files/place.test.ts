import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameOfSocket, socketPath } from '../../../../src/control/files/place.ts';

test('a path that the kernel would cut is an error that says what to do', () => {
  const longest = process.platform === 'linux' ? 107 : 103;
  const name = 'n'.repeat(longest - '/d/.sock'.length);
  assert.equal(socketPath('/d', name).length, longest);
  const says = new RegExp(`has ${longest + 1} bytes.*may have ${longest}.*shorter --name.*PREFORK_RUNTIME_DIR`);
  assert.throws(() => socketPath('/d', `${name}n`), { code: 'ERR_CONTROL_SOCKET', message: says });
  assert.throws(() => socketPath('/ä', name), { code: 'ERR_CONTROL_SOCKET' }, 'bytes count, not characters');
});

const fileNames: ReadonlyArray<[fileName: string, name: string | undefined]> = [
  ['api.sock', 'api'],
  ['api-2.sock', 'api-2'],
  ['a.b.sock', 'a.b'],
  ['.4e2-abc.tmp', undefined],
  ['.1a-2b.permit', undefined],
  ['.hidden.sock', undefined],
  ['api.socket', undefined],
  ['two words.sock', undefined],
  ['\u001b[31mred.sock', undefined],
];
for (const [fileName, name] of fileNames) {
  test(`${JSON.stringify(fileName)} is the socket of ${name ?? 'no server'}`, () => {
    assert.equal(nameOfSocket(fileName), name);
  });
}
