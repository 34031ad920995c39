/** Tests that forms and queries of more pairs than may be are refused before they are parsed, which may take minutes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Context, ServerOptions } from '../../../../src/http.ts';
import { checkLimits, hasMorePairs, MOST_PAIRS } from '../../../../src/http/message/pairs.ts';
import { request, serve } from '../helpers.ts';

const type = { 'Content-Type': 'application/x-www-form-urlencoded', Connection: 'close' };

/** The text has to be of as many pairs as `URLSearchParams` finds. */
for (const text of ['', '&', '&&&', 'a', 'a&', '&a', 'a&b', 'a=&=b', '&&a&&b&&', '=', 'a=b&a=b&a=b', 'ä=%26&+']) {
  test(`pairs of ${JSON.stringify(text)}`, () => {
    const { length } = [...new URLSearchParams(text)];
    assert.equal(hasMorePairs(text, length), false);
    assert.equal(hasMorePairs(text, length - 1), length > 0);
  });
}

interface Case {
  readonly what: string;
  readonly options: ServerOptions;
  readonly sent: string;
  readonly answer: RegExp;
}

const form = async (ctx: Context): Promise<void> => ctx.end(`${[...(await ctx.body.form())].length} fields`);
const ofThree = async (ctx: Context): Promise<void> => {
  ctx.end(`${[...(await ctx.body.form({ fields: 3 }))].length} fields`);
};
const query = (ctx: Context): void => ctx.end(`${[...ctx.query].length} parameters`);
const formData = async (incoming: Request): Promise<Response> =>
  new Response(`${[...(await incoming.formData())].length} fields`);
const formDataOfReal = async (incoming: Request): Promise<Response> => {
  assert.ok(incoming.body);
  return formData(incoming);
};
const post = (pairs: number): string => request('POST /', type, 'a&'.repeat(pairs));
const get = (pairs: number): string => request(`GET /?${'a&'.repeat(pairs)}`, { Connection: 'close' });
const long = { readBufferSize: 1024 * 1024 };

const cases: readonly Case[] = [
  { what: 'as many fields as may be', options: { handler: form }, sent: post(1000), answer: / 200 [^]*\n1000 fields$/ },
  { what: 'one field more', options: { handler: form }, sent: post(1001), answer: / 413 / },
  {
    what: 'one more, streamed',
    options: { handler: form, streamRequestBody: true },
    sent: post(1001),
    answer: / 413 /,
  },
  { what: '4 MB of fields', options: { handler: form }, sent: post(2 * 1024 * 1024), answer: / 413 / },
  { what: 'the limit of a call', options: { handler: ofThree }, sent: post(3), answer: / 200 [^]*\n3 fields$/ },
  { what: 'more than that', options: { handler: ofThree }, sent: post(4), answer: / 413 / },
  {
    what: 'a query that fills the default readBufferSize',
    options: { handler: query },
    sent: get(8160),
    answer: / 200 [^]*\n8160 parameters$/,
  },
  {
    what: 'as many parameters as may be',
    options: { handler: query, ...long },
    sent: get(MOST_PAIRS),
    answer: / 200 [^]*\n8192 parameters$/,
  },
  { what: 'one parameter more', options: { handler: query, ...long }, sent: get(MOST_PAIRS + 1), answer: / 414 / },
  { what: '1 MB of parameters', options: { handler: query, ...long }, sent: get(520_000), answer: / 414 / },
  {
    what: 'formData() of as many fields as may be',
    options: { fetch: formData },
    sent: post(MOST_PAIRS),
    answer: / 200 [^]*\n8192 fields$/,
  },
  { what: 'formData() of one more', options: { fetch: formData }, sent: post(MOST_PAIRS + 1), answer: / 413 / },
  {
    what: 'formData() of one more, when the request has become a real one',
    options: { fetch: formDataOfReal },
    sent: post(MOST_PAIRS + 1),
    answer: / 413 /,
  },
];

for (const { what, options, sent, answer } of cases) {
  test(what, async (t) => {
    const { client, log } = await serve(t, options);
    const sender = client();
    sender.send(sent);
    await sender.closed();
    assert.match(sender.text, answer);
    assert.deepEqual(log.errors, []);
  });
}

test('a limit that is no whole number is misuse: it would limit nothing', async (t) => {
  for (const fields of [NaN, -1, 1.5, Infinity, '9' as unknown as number]) {
    const message = `form({ fields }): expected a whole number, 0 or more, got ${fields}`;
    assert.throws(() => checkLimits('form', { fields }), { code: 'ERR_HTTP_OPTION', message });
  }
  checkLimits('form', { fields: 0 });
  const handler = async (ctx: Context): Promise<void> => {
    const ask = ctx.path === '/form' ? ctx.body.form({ fields: NaN }) : ctx.body.multipart(() => {}, { files: NaN });
    ctx.end(await ask.then(String, (error: Error) => error.message));
  };
  const { client } = await serve(t, { handler });
  const answers: ReadonlyArray<readonly [path: string, type: string, answer: RegExp]> = [
    ['/form', type['Content-Type'], /form\(\{ fields \}\): expected a whole number/],
    ['/multipart', 'multipart/form-data; boundary=b', /multipart\(\{ files \}\): expected a whole number/],
  ];
  for (const [path, sentType, answer] of answers) {
    const sender = client();
    sender.send(request(`POST ${path}`, { 'Content-Type': sentType, Connection: 'close' }, 'a'));
    await sender.closed();
    assert.match(sender.text, answer);
  }
});
