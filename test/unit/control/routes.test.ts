import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionTable } from '../../../src/options/table.ts';
import { operationRows } from '../../../src/contract/operations.ts';
import { answer, type Answer, type ControlRequest, type Gate } from '../../../src/control/routes.ts';
import { statusSchema } from '../../../src/control/status/status-schema.ts';
import { FakeControls } from '../../support/fake-controls.ts';

function ask(
  controls: FakeControls,
  method: string,
  target: string,
  rest: Partial<ControlRequest> = {},
): Promise<Answer> {
  return answer({ method, target, body: '', host: 'localhost', ...rest }, controls);
}

test('GET /status is the status', async () => {
  const controls = new FakeControls();
  const { status, contentType, body } = await ask(controls, 'GET', '/status');
  assert.deepEqual([status, contentType], [200, 'application/json']);
  assert.deepEqual(JSON.parse(body), JSON.parse(JSON.stringify(controls.current)));
});

test('GET /status.schema.json is what describes it', async () => {
  const { status, contentType, body } = await ask(new FakeControls(), 'GET', '/status.schema.json');
  assert.deepEqual([status, contentType], [200, 'application/schema+json']);
  assert.deepEqual(JSON.parse(body), statusSchema);
});

test('GET /healthz is ok while the primary lives, GET /readyz says why not', async () => {
  const controls = new FakeControls();
  assert.deepEqual(await ask(controls, 'GET', '/readyz'), await ask(controls, 'GET', '/healthz'));
  controls.notReady = 'no worker serves';
  const health = await ask(controls, 'GET', '/healthz');
  assert.deepEqual([health.status, health.body, health.contentType], [200, 'ok\n', 'text/plain; charset=utf-8']);
  const readiness = await ask(controls, 'GET', '/readyz');
  assert.deepEqual([readiness.status, readiness.body], [503, 'no worker serves\n']);
});

test('GET /metrics is in the format that was asked for, and 501 says what is missing', async () => {
  const controls = new FakeControls();
  const found = await ask(controls, 'GET', '/metrics', { accept: 'application/openmetrics-text' });
  assert.deepEqual([found.status, found.body], [200, '# application/openmetrics-text\n']);
  assert.match(found.contentType, /version=0\.0\.4/);
  controls.noMetrics = 'the metrics need the package prom-client';
  const missing = await ask(controls, 'GET', '/metrics');
  assert.deepEqual([missing.status, missing.body], [501, 'the metrics need the package prom-client\n']);
  assert.equal((await ask(controls, 'POST', '/metrics')).status, 405);
});

/** The ways to ask for an operation, and the call that reaches the primary. */
const operations: ReadonlyArray<[target: string, body: string, call: string]> = [
  ['/reload', '', 'reload'],
  ['/reload', '{}', 'reload'],
  [
    '/reload',
    '{"canary":"25%","watch":60000,"onDoubt":"continue"}',
    'reload {"canary":"25%","watch":60000,"onDoubt":"continue"}',
  ],
  ['/reload?canary=2', '', 'reload {"canary":2}'],
  ['/rollback', '', 'rollback'],
  ['/promote', '', 'promote'],
  ['/upgrade', ' \n', 'upgrade'],
  ['/scale', '{ "workers": 4 }', 'scale {"workers":4}'],
  ['/scale', '{"by":-1}', 'scale {"by":-1}'],
  ['/scale?workers=4', '', 'scale {"workers":4}'],
  ['/scale?by=-2', '', 'scale {"by":-2}'],
  ['/scale?by=+2', '', 'scale {"by":2}'],
  ['/scale?by=%2B2', '{}', 'scale {"by":2}'],
  ['/scale', '{"workers":"1024"}', 'scale {"workers":1024}'],
  ['/hold', '{"pid":4711,"seconds":10}', 'hold {"pid":4711,"within":10000,"closesInspector":false,"holder":""}'],
  ['/hold?pid=4711&seconds=0&holder=a-1', '', 'hold {"pid":4711,"within":0,"closesInspector":false,"holder":"a-1"}'],
  ['/stop', '', 'stop {"now":false}'],
  ['/stop?now', '', 'stop {"now":true}'],
  ['/stop?now=true', '', 'stop {"now":true}'],
  ['/stop?now=false', '', 'stop {"now":false}'],
  ['/stop', '{"now":true}', 'stop {"now":true}'],
  ['/stop', '{"now":false}', 'stop {"now":false}'],
];
for (const [target, body, call] of operations) {
  test(`POST ${target} ${body} is ${call}`, async () => {
    const controls = new FakeControls();
    const { status, body: text } = await ask(controls, 'POST', target, { body });
    assert.deepEqual(controls.calls, [call]);
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text), { ok: true, generation: 2, workers: 4, took: 412 });
  });
}

test('which node an upgrade runs is said over the control socket alone', async () => {
  const afar: Gate = { isLocal: false, refuse: () => undefined, isTrusted: () => true };
  const upgrade = { method: 'POST', target: '/upgrade', body: '', host: 'localhost' };
  for (const field of ['node', 'preferNode']) {
    const controls = new FakeControls();
    const target = `/upgrade?${field}=/bin/sh`;
    const refused = await answer({ ...upgrade, target }, controls, afar);
    assert.deepEqual([refused.status, controls.calls], [403, []]);
    assert.equal((await ask(controls, 'POST', target)).status, 200);
    assert.equal(controls.calls.length, 1);
  }
  assert.equal((await answer(upgrade, new FakeControls(), afar)).status, 200);
});

test('an operation that failed is 409, with its reason and the worker’s last words', async () => {
  const controls = new FakeControls();
  const outcome = { ok: false, reason: 'slot 0 ended', stderr: 'SyntaxError\n' } as const;
  controls.answers.reload = async () => outcome;
  const { status, body } = await ask(controls, 'POST', '/reload');
  assert.equal(status, 409);
  assert.deepEqual(JSON.parse(body), outcome);
});

test('what the primary throws is 500', async () => {
  const controls = new FakeControls();
  controls.answers.reload = () => Promise.reject(new Error('a fault'));
  const { status, body } = await ask(controls, 'POST', '/reload');
  assert.equal(status, 500);
  assert.deepEqual(JSON.parse(body), { ok: false, reason: 'a fault' });
});

/** Bad requests, with the status and what its sentence has to name. Nothing of them reaches the primary. */
const badRequests: ReadonlyArray<readonly [string, target: string, body: string, status: number, says: RegExp]> = [
  [
    'GET',
    '/nothing',
    '',
    404,
    /there are GET \/, .*GET \/live, GET \/history, GET \/status, GET \/metrics, GET \/healthz, .*POST \/upgrade$/,
  ],
  ['POST', '/nothing', '', 404, /there are/],
  ['GET', '/index.html', '', 404, /there are/],
  ['GET', '/../package.json', '', 404, /there are/],
  ['GET', '/dashboard.js/../live.js', '', 404, /there are/],
  ['GET', '/%2e%2e/package.json', '', 404, /there are/],
  ['POST', '/', '', 405, /\/ takes GET and HEAD$/],
  ['POST', '/live', '', 405, /\/live takes GET and HEAD$/],
  ['GET', '/live?token=x', '', 400, /unknown field "token": expected no fields/],
  ['GET', '/status/', '', 404, /there are/],
  ['GET', '//status', '', 404, /there are/],
  ['GET', '/x/../status', '', 404, /there are/],
  ['GET', '/Status', '', 404, /there are/],
  ['GET', 'http://localhost/status', '', 404, /there are/],
  ['GET', '/toString', '', 404, /there are/],
  ['GET', '/__proto__', '', 404, /there are/],
  ['GET', '', '', 404, /there are/],
  ['GET', '/reload', '', 405, /\/reload takes POST$/],
  ['POST', '/status', '', 405, /\/status takes GET and HEAD$/],
  ['DELETE', '/status', '', 405, /takes GET and HEAD/],
  ['OPTIONS', '/reload', '', 405, /takes POST/],
  ['constructor', '/reload', '', 405, /takes POST/],
  ['GET', '/status?verbose', '', 400, /unknown field "verbose": expected no fields/],
  ['POST', '/reload', '{"now":true}', 400, /unknown field "now": expected canary or watch or onDoubt/],
  [
    'POST',
    '/reload',
    '{"canary":"100%"}',
    400,
    /canary: expected workers from 0 to 1024, or a share from 1% to 99%, got "100%"/,
  ],
  ['POST', '/reload', '{"canary":-1}', 400, /canary: expected workers/],
  ['POST', '/reload', '{"watch":10}', 400, /watch: expected a whole number from 1000 to 86400000/],
  ['POST', '/reload', '{"onDoubt":"wait"}', 400, /onDoubt: expected rollback or continue, got "wait"/],
  ['POST', '/rollback', '{"now":true}', 400, /unknown field "now": expected no fields/],
  ['POST', '/scale', '', 400, /either workers.*by.*or auto/],
  ['POST', '/scale', '{"workers":2,"by":1}', 400, /either workers.*by.*or auto/],
  ['POST', '/scale?workers=2', '{"workers":2}', 400, /workers is given twice/],
  ['POST', '/scale?workers=2&workers=3', '', 400, /workers is given twice/],
  ['POST', '/scale', '{"worker":2}', 400, /unknown field "worker": expected workers or by/],
  ['POST', '/scale', '{"__proto__":{"workers":2}}', 400, /unknown field "__proto__"/],
  ['POST', '/scale', '{"workers":}', 400, /not JSON: expected workers or by/],
  ['POST', '/scale', 'workers=2', 400, /not JSON/],
  ['POST', '/scale', '[2]', 400, /expected a JSON object with workers or by or auto, got \[2\]/],
  ['POST', '/scale', 'null', 400, /expected a JSON object.*got null/],
  ['POST', '/scale', '4', 400, /expected a JSON object.*got 4/],
  ...['0', '-1', '1.5', '1025', '1e99', 'null', '"two"', '""', '[]', 'true', '"0x2"', '"1e2"'].map(
    (value) =>
      ['POST', '/scale', `{"workers":${value}}`, 400, /workers: expected a whole number from 1 to 1024, got /] as const,
  ),
  ['POST', '/scale?workers=', '', 400, /workers: expected a whole number.*got ""/],
  ['POST', '/scale', '{"by":-1025}', 400, /by: expected a whole number from -1024 to 1024, got -1025/],
  ['POST', '/hold', '{"pid":4711}', 400, /expected pid \(of a worker\) and seconds/],
  ['POST', '/hold', '{"pid":0,"seconds":1}', 400, /pid: expected a whole number from 1 to/],
  ['POST', '/hold', '{"pid":1,"seconds":1,"holder":"a b"}', 400, /holder: expected a word of at most 64 letters/],
  ['POST', '/hold', '{"pid":1,"seconds":601}', 400, /seconds: expected a whole number from 0 to 600/],
  ['POST', '/stop', '{"now":1}', 400, /now: expected true or false, got 1/],
  ['POST', '/stop?now=maybe', '', 400, /now: expected true or false, got "maybe"/],
];
for (const [method, target, body, status, says] of badRequests) {
  test(`${status}: ${method} ${target} ${body}`, async () => {
    const controls = new FakeControls();
    const got = await ask(controls, method, target, { body });
    assert.equal(got.status, status);
    const { ok, reason } = JSON.parse(got.body) as { ok: boolean; reason: string };
    assert.equal(ok, false);
    assert.match(reason, says);
    assert.doesNotMatch(reason, /\n/);
    assert.deepEqual(controls.calls, []);
  });
}

test('405 names the methods in Allow', async () => {
  assert.deepEqual((await ask(new FakeControls(), 'POST', '/status')).headers, { allow: 'GET, HEAD' });
  assert.deepEqual((await ask(new FakeControls(), 'GET', '/stop')).headers, { allow: 'POST' });
});

test('a body that was too long to read is 413', async () => {
  const controls = new FakeControls();
  assert.equal((await ask(controls, 'POST', '/reload', { body: undefined })).status, 413);
  assert.deepEqual(controls.calls, []);
});

const senders: ReadonlyArray<[what: string, provenance: Partial<ControlRequest>, status: number]> = [
  ['curl', { host: 'localhost' }, 200],
  ['a forwarded port, by its name', { host: 'LOCALHOST:8000' }, 200],
  ['a forwarded port', { host: '127.0.0.1:8000' }, 200],
  ['a forwarded port, IPv6', { host: '[::1]:8000' }, 200],
  ['HTTP/1.0', { host: undefined }, 200],
  ['an address bar', { host: 'localhost', fetchSite: 'none' }, 200],
  ['a page of another site', { origin: 'https://evil.example' }, 403],
  ['a page without an origin', { origin: 'null' }, 403],
  ['a page that embeds it', { fetchSite: 'cross-site' }, 403],
  ['a page whose name leads here', { host: 'evil.example:8000' }, 403],
  ['a page whose name of one label a neighbour has taken', { host: 'neighbour:8000' }, 403],
  ['a page of a neighbour that is called like prefork', { host: 'prefork' }, 403],
  ['a page whose name begins as localhost', { host: 'localhost.evil.example' }, 403],
  ['another address', { host: '192.168.0.1' }, 403],
];
for (const [what, provenance, status] of senders) {
  test(`${what} is answered with ${status}`, async () => {
    const controls = new FakeControls();
    assert.equal((await ask(controls, 'POST', '/reload', provenance)).status, status);
    assert.equal(controls.calls.length, status === 200 ? 1 : 0);
  });
}

test('as many workers are allowed as by --workers', () => {
  assert.equal(operationRows.scale.fields.workers.max, optionTable.workers.max);
});
