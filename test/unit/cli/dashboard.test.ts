import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../../src/cli/dashboard/admission.ts';
import { browserProgram } from '../../../src/cli/dashboard/opener.ts';

const admission = { authority: '127.0.0.1:43210', token: 'the-token-of-this-run' };
const host = admission.authority;
const authorization = `Bearer ${admission.token}`;

const questions: ReadonlyArray<
  readonly [who: string, question: string, headers: Record<string, string>, status: number | undefined]
> = [
  ['the browser loads the page', 'GET /', { host }, undefined],
  ['by its other name', 'GET /', { host: 'localhost:43210' }, undefined],
  ['led there by a file', 'GET /', { host, 'sec-fetch-site': 'cross-site' }, undefined],
  ['and its script', 'GET /dashboard.js', { host, 'sec-fetch-site': 'same-origin' }, undefined],
  ['the page with the token', 'GET /live', { host, authorization, 'sec-fetch-site': 'same-origin' }, undefined],
  ['the page asks for a reload', 'POST /reload', { host, authorization, origin: `http://${host}` }, undefined],
  ['nobody has a token', 'GET /live', { host }, 401],
  ['a wrong token', 'POST /reload', { host, authorization: `${authorization}x` }, 401],
  ['another kind of authorization', 'POST /scale', { host, authorization: admission.token }, 401],
  ['a name of a stranger', 'GET /', { host: 'evil.example.com:43210' }, 403],
  ['another port', 'GET /', { host: '127.0.0.1:80' }, 403],
  ['no host', 'GET /', {}, 403],
  ['a page of another site', 'POST /reload', { host, authorization, origin: 'http://evil.example.com' }, 403],
  ['a page of another port', 'POST /reload', { host, authorization, origin: 'http://127.0.0.1:80' }, 403],
  ['a script of another site', 'GET /dashboard.js', { host, 'sec-fetch-site': 'cross-site' }, 403],
  ['what the page does not need', 'POST /stop', { host, authorization }, 404],
  ['another method', 'GET /reload', { host, authorization }, 404],
  ['a way out', 'GET /../status', { host, authorization }, 404],
];
for (const [who, question, headers, status] of questions) {
  test(`${who}: ${question} is ${status ?? 'passed on'}`, () => {
    const [method, target] = question.split(' ') as [string, string];
    assert.equal(refusal({ method, target, headers }, admission)?.status, status);
  });
}

test('a browser is opened where there is one', () => {
  assert.equal(browserProgram({}, 'linux'), undefined);
  assert.equal(browserProgram({ DISPLAY: ':0' }, 'linux'), 'xdg-open');
  assert.equal(browserProgram({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'), 'xdg-open');
  assert.equal(browserProgram({}, 'darwin'), 'open');
  assert.equal(browserProgram({ BROWSER: 'firefox' }, 'linux'), 'firefox');
});
