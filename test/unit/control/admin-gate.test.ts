import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminGate } from '../../../src/control/admin-gate.ts';
import { answer, type ControlRequest } from '../../../src/control/routes.ts';
import { FakeControls } from '../../support/fake-controls.ts';

const token = 'sixteen-or-more-characters';
const names = ['Metrics.example.com', '*.ops.example.com', 'api_1'];
const gate = new AdminGate({ host: 'Admin.Example.com', token, names, machine: 'web1.example.net' });

type Asked = Partial<ControlRequest>;

function statusOf(asked: Asked): number {
  const request = { method: 'GET', target: '/status', body: '', host: 'localhost:9090', ...asked };
  return gate.refuse(request)?.status ?? 200;
}

const bearer = `Bearer ${token}`;
const cases: ReadonlyArray<readonly [string, Asked, number]> = [
  ['localhost', {}, 200],
  ['an address', { host: '10.1.2.3:9090' }, 200],
  ['an IPv6 address', { host: '[::1]:9090' }, 200],
  ['one without a port', { host: '[fe80::1]' }, 200],
  ['a name of one label, which any neighbour may take', { host: 'evil:9090' }, 403],
  ['a container’s name of --admin-host', { host: 'api_1:9090' }, 200],
  ['localhost, whatever its case', { host: 'LocalHost.' }, 200],
  ['the host that was given, whatever its case', { host: 'ADMIN.example.com:9090' }, 200],
  ['a name of --admin-host', { host: 'metrics.example.com:9090' }, 200],
  ['a name that is whole', { host: 'metrics.example.com.' }, 200],
  ['a name below one of --admin-host', { host: 'a.b.ops.example.com' }, 200],
  ['the end of that alone', { host: 'ops.example.com' }, 403],
  ['the star itself', { host: '*.ops.example.com.evil.example' }, 403],
  ['one that ends alike', { host: 'evil-ops.example.com' }, 403],
  ['the name of the machine', { host: 'web1.example.net:9090' }, 200],
  ['its first label', { host: 'web1' }, 200],
  ['a name below a domain that is never sold', { host: 'app.default.svc.cluster.internal' }, 200],
  ['one that any neighbour may take', { host: 'host.local' }, 403],
  ['one that only looks so', { host: 'evil.internal.example' }, 403],
  ['a name of a stranger', { host: 'evil.example.com' }, 403],
  ['one that begins as an address', { host: '127.0.0.1.evil.example.com' }, 403],
  ['one that ends as ours', { host: 'xadmin.example.com' }, 403],
  ['no host, as HTTP/1.0 may have it', { host: undefined }, 200],
  ['HEAD', { method: 'HEAD' }, 200],
  ['a page of ours', { origin: 'http://localhost:9090', fetchSite: 'same-origin' }, 200],
  ['a page of another site', { fetchSite: 'cross-site' }, 403],
  ['a page of another port', { fetchSite: 'same-site' }, 403],
  ['an origin that is another', { origin: 'http://localhost:9091' }, 403],
  ['a page that has none', { origin: 'null' }, 403],
  ['a page of another site that has the token', { origin: 'https://evil.example.com', authorization: bearer }, 403],
  ['POST', { method: 'POST' }, 401],
  ['any other method', { method: 'DELETE' }, 401],
  ['POST with the token', { method: 'POST', authorization: bearer }, 200],
  ['in another case', { method: 'POST', authorization: `bearer   ${token}` }, 200],
  ['POST with a part of it', { method: 'POST', authorization: bearer.slice(0, -1) }, 401],
  ['POST with more', { method: 'POST', authorization: `${bearer}x` }, 401],
  ['POST with two words', { method: 'POST', authorization: `${bearer} x` }, 401],
  ['POST with it as a password', { method: 'POST', authorization: `Basic ${token}` }, 401],
  ['POST with nothing', { method: 'POST', authorization: 'Bearer ' }, 401],
];
for (const [what, asked, status] of cases) test(`${what}: ${status}`, () => assert.equal(statusOf(asked), status));

test('who is refused learns what was expected, and not the token', () => {
  const refused = gate.refuse({ method: 'POST', target: '/reload', host: 'localhost' })!;
  assert.equal(refused.headers!['www-authenticate'], 'Bearer realm="prefork"');
  assert.match(refused.body, /expected the token/);
  assert.ok(!refused.body.includes(token));
});

for (const path of ['/status', '/history']) {
  test(`requests for ${path} without the token share an answer, and those with it do not`, async (t) => {
    // Rests keep no process alive.
    const alive = setInterval(() => {}, 1000);
    t.after(() => clearInterval(alive));
    const controls = new FakeControls();
    let made = 0;
    const [status, figures] = [controls.status.bind(controls), controls.figures.bind(controls)];
    controls.status = () => (made++, status());
    controls.figures = () => (made++, figures());
    const fresh = new AdminGate({ host: 'localhost', token });
    const request = { method: 'GET', target: path, body: '', host: 'localhost' };
    const startedAt = performance.now();
    const first = await answer(request, controls, fresh);
    assert.equal(made, 1);
    const others = Array.from({ length: 100 }, () => answer(request, controls, fresh));
    const holder = await answer({ ...request, authorization: bearer }, controls, fresh);
    // On a machine that stood still the rest may be over.
    if (performance.now() - startedAt < 200) assert.equal(made, 2, 'the holder of the token waits for no rest');
    assert.equal((await answer({ ...request, host: 'evil.example' }, controls, fresh)).status, 403);
    assert.equal((await answer({ ...request, target: `${path}?x=1` }, controls, fresh)).status, 400);
    for (const one of [first, holder, ...(await Promise.all(others))]) assert.equal(one.status, 200);
    assert.equal(made, 3);
  });
}

test('without the token a status has no words of the application', async () => {
  const controls = new FakeControls();
  const exit = { pid: 7, generation: 1, reason: 'uncaught', text: 'uncaught Error: password=x', at: '' };
  const last = { generation: 2, outcome: 'failed', reason: 'password=x', at: '' } as const;
  const slots = controls.current.slots.map((slot) => ({ ...slot, lastExit: exit }));
  controls.current = { ...controls.current, slots, reloads: { done: 0, failed: 1, rolledBack: 0, last } };
  const request = { method: 'GET', target: '/status', body: '', host: 'localhost' };
  const untold = await answer(request, controls, gate);
  assert.ok(!untold.body.includes('password'));
  assert.match(untold.body, /"reason":"uncaught"/);
  const told = await answer({ ...request, authorization: bearer }, controls, gate);
  assert.equal(told.body.match(/password=x/g)?.length, 2);
});
