import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Gateway } from '../../../src/cli/dashboard/gateway.ts';
import { closed, Place } from '../control/helpers.ts';

for (const line of [
  'HTTP/1.1 000 Nothing',
  'HTTP/1.1 099 Too low',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 999 High',
]) {
  test(`a server that answers ${line} does not end the dashboard`, async () => {
    using place = new Place();
    const path = place.file('evil.sock');
    const server = createServer((socket) =>
      socket.once('data', () => socket.end(`${line}\r\n\r\n`)).on('error', () => {}),
    );
    await new Promise<void>((resolve) => server.listen(path, resolve));
    using gateway = await Gateway.open(() => ({ name: 'evil', path }));
    const url = new URL(gateway.url);
    const headers = { authorization: `Bearer ${url.hash.slice('#token='.length)}` };
    const { status } = await fetch(new URL('/live', url), { headers });
    assert.equal(status, line.includes('999') ? 999 : 502);
    await closed(server);
  });
}
