import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findGroup, findUser, type RunProgram, type UserEntry } from '../../../src/privileges/account-database.ts';
import { resolveAccount, type Account, type AccountSource } from '../../../src/privileges/account.ts';
import { usage } from '../options/usage.ts';

const app: UserEntry = { uid: 1000, gid: 1001, name: 'app', home: '/home/app' };
const root: AccountSource = {
  uid: 0,
  gid: 0,
  user: (key) => (key === 'app' || key === 1000 ? app : undefined),
  group: (key) => (key === 'web' ? 33 : undefined),
};
const isApp: AccountSource = { ...root, uid: 1000, gid: 1001 };
const env = { HOME: '/home/app', USER: 'app', LOGNAME: 'app' };

type Asked = Parameters<typeof resolveAccount>[0];
const asked = (user?: string | number, group?: string | number): Asked => ({ user, group });

const accounts: ReadonlyArray<readonly [string, Asked, AccountSource, Account | undefined]> = [
  ['nothing asked', asked(), root, undefined],
  ['a name', asked('app'), root, { uid: 1000, gid: 1001, env }],
  ['an id', asked(1000), root, { uid: 1000, gid: 1001, env }],
  ['an id that nobody has', asked(4711), root, { uid: 4711, gid: 4711, env: { HOME: '/' } }],
  ['another group', asked('app', 'web'), root, { uid: 1000, gid: 33, env }],
  ['a group by id', asked('app', 5), root, { uid: 1000, gid: 5, env }],
  ['a group alone', asked(undefined, 'web'), root, { uid: 0, gid: 33, env: {} }],
  ['who it is anyway', asked('app'), isApp, undefined],
  ['which group it has anyway', asked(undefined, 1001), isApp, undefined],
];

for (const [what, settings, source, account] of accounts) {
  test(what, () => assert.deepEqual(resolveAccount(settings, source), account));
}

const mistakes: ReadonlyArray<readonly [string, Asked, AccountSource, string | RegExp]> = [
  ['an unknown user', asked('nobdy'), root, '--user: no user named nobdy on this system'],
  ['an unknown group', asked('app', 'wbe'), root, '--group: no group named wbe on this system'],
  ['not root', asked(0), isApp, /^--user needs root: .* this is uid 1000; start prefork as root, or as that user/],
  ['not root, another group', asked(undefined, 'web'), isApp, /^--group needs root/],
  ['not root, with a group', asked('app', 'web'), isApp, /^--user needs root/],
];

for (const [what, settings, source, message] of mistakes) {
  test(what, () => assert.throws(() => resolveAccount(settings, source), usage(message)));
}

const passwd = 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/false\n1000:x:7:7::/x:/x\nbad:x:y:z\n';
const noProgram: RunProgram = () => undefined;
const file = (path: string): string | undefined => (path === '/etc/passwd' ? passwd : 'web:x:33:app\n');

test('getent is asked first', () => {
  const calls: string[] = [];
  const run: RunProgram = (program, args) => {
    calls.push([program, ...args].join(' '));
    return 'ldap:*:5000:5001:L:/net/ldap:/bin/sh\n';
  };
  assert.deepEqual(findUser('ldap', run, file), { uid: 5000, gid: 5001, name: 'ldap', home: '/net/ldap' });
  assert.deepEqual(findUser(5000, run, file)?.name, 'ldap');
  assert.deepEqual(calls, ['getent passwd ldap', 'getent passwd 5000']);
});

test('without it there are the files', () => {
  assert.deepEqual(findUser('app', noProgram, file), app);
  assert.deepEqual(findUser(1000, noProgram, file), app, 'an id is no name');
  assert.equal(findUser('bad', noProgram, file), undefined);
  assert.equal(findUser('ap', noProgram, file), undefined);
  assert.equal(findGroup('web', noProgram, file), 33);
  assert.equal(findGroup('app', noProgram, file), undefined);
  assert.equal(
    findGroup('web', noProgram, () => undefined),
    undefined,
  );
});

test('and id, where users are in neither', () => {
  const run: RunProgram = (program, [flag]) => (program === 'id' ? (flag === '-u' ? '501\n' : '20\n') : undefined);
  assert.deepEqual(findUser('alice', run, file), { uid: 501, gid: 20, name: 'alice', home: undefined });
});

test('this system knows root', { skip: process.platform === 'win32' }, () => {
  assert.deepEqual(findUser('root')?.uid, 0);
  assert.deepEqual(findUser(0)?.name, 'root');
  assert.equal(findUser('no-such-user-here'), undefined);
  assert.equal(findGroup('no-such-group-here'), undefined);
});
