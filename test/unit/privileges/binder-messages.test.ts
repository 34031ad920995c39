import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import {
  binderAnswerOf,
  binderRequestOf,
  isFarewell,
  type BindQuery,
} from '../../../src/privileges/binder-messages.ts';

const query: BindQuery = {
  transport: 'tcp',
  address: '127.0.0.1',
  port: 80,
  family: 4,
  reuseport: true,
  ipv6Only: false,
};
const bind = { binder: 'bind', id: '1-1', query };
const bindWith = (changes: Record<string, unknown>): object => ({ ...bind, query: { ...query, ...changes } });

const shown = (message: unknown): string => inspect(message, { breakLength: Infinity }).slice(0, 120);

const requests: readonly unknown[] = [
  bind,
  bindWith({ transport: 'udp' }),
  bindWith({ address: '::', family: 6, ipv6Only: true }),
  bindWith({ address: 'fe80::1%eth0.1', family: 6 }),
  bindWith({ port: 65_535 }),
  { binder: 'restrict', ports: [] },
  { binder: 'restrict', ports: [80, 443] },
  { binder: 'seal' },
  { binder: 'follow', pid: 4711 },
  { binder: 'end' },
];

for (const request of requests) {
  test(`a request: ${JSON.stringify(request)}`, () => assert.equal(binderRequestOf(request), request));
}

const nonsense: readonly unknown[] = [
  undefined,
  null,
  'bind',
  7,
  [],
  {},
  { binder: 'bind' },
  { binder: 'chmod', path: '/etc/passwd' },
  { binder: 'constructor' },
  { binder: '__proto__' },
  { binder: 'toString' },
  { binder: ['bind'], id: '1', query },
  { binder: 'bound', id: '1', errno: 0 },
  { ...bind, id: 1 },
  { ...bind, id: 'x'.repeat(65) },
  { ...bind, query: undefined },
  { ...bind, query: null },
  { ...bind, query: 'tcp://127.0.0.1:80' },
  bindWith({ transport: 'pipe' }),
  bindWith({ transport: 'toString' }),
  bindWith({ address: '/run/db.sock' }),
  bindWith({ address: '\0abstract' }),
  bindWith({ address: '' }),
  bindWith({ address: null }),
  bindWith({ address: { toString: () => '127.0.0.1' } }),
  bindWith({ address: ['127.0.0.1'] }),
  bindWith({ address: '127.0.0.1/../x' }),
  bindWith({ address: 'fe80::1%../../etc' }),
  bindWith({ address: '127.0.0.1\n' }),
  bindWith({ address: '1'.repeat(65) }),
  bindWith({ address: 'localhost' }),
  bindWith({ port: -1 }),
  bindWith({ port: 0 }),
  bindWith({ port: 65_536 }),
  bindWith({ port: 80.5 }),
  bindWith({ port: '80' }),
  bindWith({ port: NaN }),
  bindWith({ family: -1 }),
  bindWith({ family: 'udp4' }),
  bindWith({ reuseport: 1 }),
  bindWith({ ipv6Only: undefined }),
  { binder: 'follow' },
  { binder: 'follow', pid: '4711' },
  { binder: 'follow', pid: 0 },
  { binder: 'follow', pid: 1 },
  { binder: 'follow', pid: -1 },
  { binder: 'follow', pid: 2 ** 31 },
  { binder: 'restrict' },
  { binder: 'restrict', ports: 80 },
  { binder: 'restrict', ports: { length: 1, 0: 80 } },
  { binder: 'restrict', ports: ['80'] },
  { binder: 'restrict', ports: [80, null] },
  { binder: 'restrict', ports: [0] },
  { binder: 'restrict', ports: Array.from({ length: 1025 }, () => 80) },
];

for (const message of nonsense) {
  test(`no request: ${shown(message)}`, () => {
    assert.equal(binderRequestOf(message), undefined);
  });
}

test('an answer', () => {
  for (const errno of [0, -13, -98]) {
    const answer = { binder: 'bound', id: '1-1', errno };
    assert.equal(binderAnswerOf(answer), answer);
  }
});

const noAnswers: readonly unknown[] = [
  null,
  undefined,
  'bound',
  { binder: 'bound', id: '1-1' },
  { binder: 'bound', id: 1, errno: 0 },
  { binder: 'bound', id: '1-1', errno: 13 },
  { binder: 'bound', id: '1-1', errno: -0.5 },
  { binder: 'bound', id: '1-1', errno: '0' },
  { binder: 'bind', id: '1-1', errno: 0 },
  { binder: 'bound', id: 'x'.repeat(65), errno: 0 },
];

for (const message of noAnswers) {
  test(`no answer: ${shown(message)}`, () => {
    assert.equal(binderAnswerOf(message), undefined);
  });
}

test('a farewell', () => {
  assert.ok(isFarewell({ binder: 'done' }));
  for (const message of [null, undefined, 'done', { binder: 'seal' }, {}]) assert.equal(isFarewell(message), false);
});
