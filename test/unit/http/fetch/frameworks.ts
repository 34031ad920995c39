/** Applications of Hono and h3, made after their documentation, with all that a server can get wrong. */
import { H3, getCookie, getQuery, getRequestIP, handleCors, html as h3Html, readBody, redirect, setCookie } from 'h3';
import { HTTPError, createEventStream, serveStatic as h3Static, withBase } from 'h3';
import { Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { basicAuth } from 'hono/basic-auth';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { deleteCookie, getSignedCookie, setCookie as honoCookie, setSignedCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import { csrf } from 'hono/csrf';
import { etag } from 'hono/etag';
import { html, raw } from 'hono/html';
import { HTTPException } from 'hono/http-exception';
import { jsx } from 'hono/jsx';
import { methodOverride } from 'hono/method-override';
import { poweredBy } from 'hono/powered-by';
import { prettyJSON } from 'hono/pretty-json';
import { secureHeaders } from 'hono/secure-headers';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { timeout } from 'hono/timeout';
import { trimTrailingSlash } from 'hono/trailing-slash';

export type Fetch = (request: Request, environment?: object) => Response | Promise<Response>;

export interface Asked {
  readonly path: string;
  readonly init?: () => RequestInit;
}

const post = (body: () => RequestInit['body'], headers: Record<string, string> = {}) => ({
  init: (): RequestInit => ({ method: 'POST', body: body()!, headers }),
});
const withHeaders = (headers: Record<string, string>, method = 'GET') => ({
  init: (): RequestInit => ({ method, headers }),
});
const long = 'lorem ipsum dolor sit amet '.repeat(400);

function form(): FormData {
  const data = new FormData();
  data.set('name', 'ä ☃');
  data.append('list[]', '1');
  data.append('list[]', '2');
  data.set('file', new File(['content'], 'a.txt', { type: 'text/plain' }));
  return data;
}

export function honoApp(): Fetch {
  const app = new Hono({ strict: true });
  app.use(trimTrailingSlash());
  app.use('/compressed/*', compress({ threshold: 100 }));
  app.use('/tagged/*', etag());
  app.use('/cors/*', cors({ origin: ['http://a.example'], allowMethods: ['PUT'], credentials: true, maxAge: 60 }));
  app.use('/basic/*', basicAuth({ username: 'user', password: 'pass' }));
  app.use('/bearer/*', bearerAuth({ token: 'secret' }));
  app.use('/csrf/*', csrf());
  app.use('/limited/*', bodyLimit({ maxSize: 10 }));
  app.use('/pretty/*', prettyJSON());
  app.use('/secure/*', secureHeaders(), poweredBy());
  app.use('/timeout/*', timeout(20));
  app.use('/after/*', async (c, next) => {
    await next();
    c.header('x-after', 'yes');
    c.res.headers.delete('x-gone');
  });

  app.get('/', (c) => c.text('hello'));
  app.get('/users/:id{[0-9]+}/posts/:post?', (c) => c.json(c.req.param()));
  app.get('/wild/*', (c) => c.text(c.req.path));
  app.all('/any', (c) => c.text(c.req.method));
  app.on('PURGE', '/cache', (c) => c.text('purged'));
  app.get('/query', (c) => c.json([c.req.query(), c.req.queries('tag')]));
  app.get('/headers', (c) => c.json([c.req.header('x-one'), c.req.header('cookie'), c.req.raw.headers.get('X-ONE')]));
  app.get('/url', (c) => c.text(new URL(c.req.url).pathname + new URL(c.req.url).search));
  app.get('/json', (c) => c.json({ ok: true, text: 'ä ☃' }));
  app.get('/html', (c) => c.html(html`<p>${'<escaped>'} ${raw('<b>raw</b>')}</p>`));
  app.get('/jsx', (c) => c.html(jsx('ul', { class: 'list' }, jsx('li', {}, 'a & b')) as unknown as string));
  app.get('/bytes', (c) => c.body(new Uint8Array([0, 1, 254, 255]), 200, { 'Content-Type': 'image/x-test' }));
  app.get('/blob', () => new Response(new Blob(['blob'], { type: 'text/x-blob' })));
  app.get('/null', (c) => c.body(null));
  app.get('/204', (c) => c.body(null, 204));
  app.get('/304', (c) => c.body(null, 304));
  app.get('/teapot', (c) => c.text('short and stout', 418, { 'x-a': '1' }));
  app.get('/redirect', (c) => c.redirect('/elsewhere?a=ä', 301));
  app.get('/cookies', async (c) => {
    honoCookie(c, 'plain', 'a b', { path: '/', httpOnly: true, sameSite: 'Lax' });
    await setSignedCookie(c, 'signed', 'value', 'secret');
    deleteCookie(c, 'gone');
    return c.text(String(await getSignedCookie(c, 'secret', 'signed')));
  });
  app.get('/accepts', (c) => c.text(accepts(c, { header: 'Accept-Language', supports: ['en', 'de'], default: 'en' })));
  app.get('/stream', (c) =>
    stream(c, async (out) => void (await out.write(new Uint8Array([1, 2])), await out.write('x'))),
  );
  app.get('/text', (c) =>
    streamText(c, async (out) => void (await out.writeln('one'), await out.sleep(5), await out.write('two'))),
  );
  app.get('/sse', (c) =>
    streamSSE(c, async (out) => {
      for (let id = 0; id < 3; id++) await out.writeSSE({ data: `message\n${id}`, event: 'tick', id: String(id) });
    }),
  );
  app.get('/large', (c) => c.text(long.repeat(50)));
  app.post('/json', async (c) => c.json(await c.req.json()));
  app.post('/text', async (c) => c.text(await c.req.text()));
  app.post('/buffer', async (c) => c.body(await c.req.arrayBuffer()));
  app.post('/blob', async (c) => c.text(String((await c.req.blob()).size)));
  app.post('/twice', async (c) => c.json([await c.req.text(), await c.req.json()]));
  app.post('/clone', async (c) => c.json([await c.req.raw.clone().text(), await c.req.text()]));
  app.post('/through', (c) => c.newResponse(c.req.raw.body));
  app.post('/form', async (c) => {
    const { name, 'list[]': list, file } = await c.req.parseBody();
    return c.json([name, list, file instanceof File ? [file.name, file.type, await file.text()] : file]);
  });
  for (const name of ['compressed', 'tagged', 'cors', 'basic', 'bearer', 'secure']) {
    app.get(`/${name}/page`, (c) => c.text(long));
  }
  app.get('/pretty/json', (c) => c.json({ a: [1] }));
  app.post('/csrf/form', (c) => c.text('posted'));
  app.post('/limited/text', async (c) => c.text(await c.req.text()));
  app.get('/timeout/slow', async (c) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return c.text('late');
  });
  app.get('/after/page', (c) => c.text('page', 200, { 'x-gone': '1' }));
  app.use('/override', methodOverride({ app }));
  app.delete('/override', (c) => c.text('deleted'));
  app.get('/throws', () => {
    throw new Error('secret');
  });
  app.get('/exception', () => {
    throw new HTTPException(403, { message: 'not you' });
  });
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text('failed', 500)));
  app.notFound((c) => c.json({ missing: c.req.path }, 404));
  app.route(
    '/mounted',
    new Hono().basePath('/v1').get('/:name', (c) => c.text(c.req.param('name'))),
  );
  return (request) => app.fetch(request);
}

const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };

export const honoAsked: readonly Asked[] = (
  '/ /users/7/posts/a%20b /users/7/posts /users/x/posts /wild/a/b%2Fc /query?a=1&tag=x&tag=%C3%A4 ' +
  '/url?x=%20&y=ä /json /html /jsx /bytes /blob /null /204 /304 /teapot /redirect /stream /text /sse ' +
  '/large /throws /exception /none /mounted/v1/x /trailing/ /after/page /compressed/page /tagged/page ' +
  '/secure/page /basic/page /bearer/page /pretty/json?pretty /timeout/slow'
)
  .split(' ')
  .map((path) => ({ path }));

export const honoMore: readonly Asked[] = [
  ...['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map((method) => ({
    path: '/any',
    ...withHeaders({}, method),
  })),
  ...['/', '/large', '/none', '/stream'].map((path) => ({ path, ...withHeaders({}, 'HEAD') })),
  { path: '/cache', ...withHeaders({}, 'PURGE') },
  { path: '/headers', ...withHeaders({ 'x-one': 'a, b', cookie: 'a=1; b=2' }) },
  { path: '/cookies', ...withHeaders({ cookie: 'gone=1; signed=tampered.x' }) },
  { path: '/accepts', ...withHeaders({ 'accept-language': 'de-DE, de;q=0.9, en;q=0.1' }) },
  { path: '/compressed/page', ...withHeaders({ 'accept-encoding': 'gzip' }) },
  { path: '/tagged/page', ...withHeaders({ 'if-none-match': '"none", W/"b"' }) },
  { path: '/cors/page', ...withHeaders({ origin: 'http://a.example' }) },
  {
    path: '/cors/page',
    ...withHeaders({ origin: 'http://a.example', 'access-control-request-method': 'PUT' }, 'OPTIONS'),
  },
  { path: '/basic/page', ...withHeaders({ authorization: `Basic ${btoa('user:pass')}` }) },
  { path: '/bearer/page', ...withHeaders({ authorization: 'Bearer secret' }) },
  { path: '/bearer/page', ...withHeaders({ authorization: 'Bearer other' }) },
  { path: '/json', ...post(() => '{"a":["ä"]}', { 'content-type': 'application/json' }) },
  { path: '/json', ...post(() => '{"a":') },
  ...['/text', '/buffer', '/blob', '/through', '/clone'].map((path) => ({ path, ...post(() => 'sent ☃') })),
  ...['/text', '/buffer', '/through'].map((path) => ({ path, ...post(() => long.repeat(20)) })),
  { path: '/text', ...post(() => '') },
  { path: '/twice', ...post(() => '[1]') },
  { path: '/form', ...post(form) },
  { path: '/form', ...post(() => 'name=a+b&list%5B%5D=1&list%5B%5D=2', urlencoded) },
  { path: '/csrf/form', ...post(() => 'a=1', { ...urlencoded, origin: 'http://evil.example' }) },
  { path: '/limited/text', ...post(() => 'short') },
  { path: '/limited/text', ...post(() => 'longer than ten bytes') },
  { path: '/override', ...post(() => '_method=DELETE', urlencoded) },
];

export function h3App(): Fetch {
  const app = new H3({ silent: true });
  app.use((event) => {
    event.res.headers.set('x-middleware', '1');
  });
  app.get('/', () => 'hello');
  app.get('/users/:id', (event) => ({ id: event.context.params!['id'], query: getQuery(event) }));
  app.get('/files/**', (event) => event.url.pathname);
  app.get('/html', () => h3Html('<p>'));
  app.get('/redirect', () => redirect('/elsewhere', 308));
  app.get(
    '/cookies',
    (event) => (setCookie(event, 'a', 'b c', { path: '/', secure: true }), getCookie(event, 'sent') ?? ''),
  );
  app.get('/null', () => null);
  app.get('/undefined', () => undefined);
  app.get('/status', (event) => {
    event.res.status = 418;
    event.res.statusText = 'Short And Stout';
    return [1, 2];
  });
  app.get('/bytes', () => new Uint8Array([0, 255]));
  app.get('/web', () => new Response('web', { status: 201, headers: { 'x-web': '1' } }));
  app.get('/stream', () => new Blob(['streamed']).stream());
  app.get('/sse', async (event) => {
    const events = createEventStream(event);
    void (async () => {
      for (let id = 0; id < 3; id++) await events.push({ id: String(id), data: 'tick' });
      await events.close();
    })();
    return events.send();
  });
  app.get('/error', () => {
    throw new HTTPError({ status: 409, statusText: 'Taken', data: { why: 'taken' } });
  });
  app.get('/throws', () => {
    throw new Error('secret');
  });
  app.get('/ip', (event) => String(getRequestIP(event) !== ''));
  app.all('/cors', (event) => handleCors(event, { origin: ['http://a.example'], methods: '*' }) || 'ok');
  app.post('/body', (event) => readBody(event));
  app.post('/text', (event) => event.req.text());
  app.post('/form', async (event) => [...(await event.req.formData())].map(([name, value]) => [name, typeof value]));
  app.get('/static/**', (event) =>
    h3Static(event, {
      getContents: () => 'static content',
      getMeta: (id) => (id.endsWith('.txt') ? { size: 14, type: 'text/plain', mtime: 0, etag: '"a"' } : undefined),
    }),
  );
  const mounted = new H3().get('/deep', (event) => event.url.pathname);
  app.all('/base/**', withBase('/base', mounted));
  return (request) => app.fetch(request);
}

export const h3Asked: readonly Asked[] = (
  '/ /users/a%20b?x=1&y=2&y=3 /files/a/b /html /redirect /null /undefined /status /bytes /web /stream ' +
  '/sse /error /throws /ip /none /static/a.txt /static/none /base/deep'
)
  .split(' ')
  .map((path): Asked => ({ path }))
  .concat(
    { path: '/cookies', ...withHeaders({ cookie: 'sent=yes%20no' }) },
    {
      path: '/cors',
      ...withHeaders({ origin: 'http://a.example', 'access-control-request-method': 'PUT' }, 'OPTIONS'),
    },
    { path: '/', ...withHeaders({}, 'HEAD') },
    { path: '/static/a.txt', ...withHeaders({ 'if-none-match': '"a"' }) },
    { path: '/body', ...post(() => '{"a":1}', { 'content-type': 'application/json' }) },
    { path: '/body', ...post(() => 'a=1&b=2', urlencoded) },
    { path: '/text', ...post(() => long) },
    { path: '/form', ...post(form) },
  );
