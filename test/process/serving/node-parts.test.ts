/**
 * What a worker does when a later Node.js lacks a private part that it uses: it serves on without the feature, and says so once. Each
 * part is hidden from prefork in turn, in whole servers, on the Node.js that runs the tests.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { httpParts } from '../../../src/http/node-internals/parts.ts';
import { workerParts } from '../../../src/worker/node-internals/parts.ts';
import { serve, type App, type Target } from '../../support/app.ts';
import { ask, askTls } from '../../support/http.ts';
import { certificate, inRoot } from '../../support/paths.ts';
import { freePort, hasReuseport } from '../../support/platform.ts';

/** The doors, each with its parts and what it does without them. */
const doors: ReadonlyArray<Readonly<Record<string, string>>> = [workerParts, httpParts];
const parts = new Set(doors.flatMap((door) => Object.keys(door)));

/** Without this part each worker binds by itself, and a worker needs reuseport to share its port with the one before it. */
const hasSuccessors = (part: string): boolean => part !== 'cluster._getServer' || hasReuseport();

class Clients {
  readonly #targets: Readonly<Record<'http' | 'tls' | 'own', Target>>;
  readonly #sockets: Socket[] = [];

  constructor(ports: Readonly<Record<'http' | 'tls' | 'own', number>>) {
    const targetOf = (port: number): Target => ({ host: '127.0.0.1', port });
    this.#targets = { http: targetOf(ports.http), tls: targetOf(ports.tls), own: targetOf(ports.own) };
  }

  /** New connections are answered, by each server. */
  async assertServed(): Promise<void> {
    const { http, tls, own } = this.#targets;
    assert.deepEqual([await ask(http), await askTls(tls), await ask(own)], ['hello', 'hello', 'hello']);
  }

  /** A request that is answered when its worker drains. */
  async waitForDrain(): Promise<void> {
    const { http } = this.#targets;
    assert.equal(await ask(http, '/late'), 'hello');
  }

  /** Connections that stay, of which some have had an answer. */
  async stay(): Promise<void> {
    const { http, tls, own } = this.#targets as Record<string, { host: string; port: number }>;
    for (const target of [http!, http!, own!, own!]) await this.#request(connectTcp(target));
    const idle = connectTls({ ...tls!, rejectUnauthorized: false });
    this.#keep(idle);
    await once(idle, 'secureConnect');
  }

  /** An answer that breaks off, taken too late: the server writes, waits, and closes. */
  async breakOff(): Promise<void> {
    const { own } = this.#targets as Record<string, { host: string; port: number }>;
    const socket = this.#keep(connectTcp(own!));
    socket.pause().write('GET /break HTTP/1.0\r\n\r\n');
    setTimeout(() => socket.resume(), 900);
    await new Promise((resolve) => socket.once('close', resolve));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #request(socket: Socket): Promise<void> {
    this.#keep(socket).write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await once(socket, 'data');
  }

  #keep(socket: Socket): Socket {
    this.#sockets.push(socket.on('error', () => {}));
    return socket;
  }
}

/** How often each process has said it, by its pid. */
function warnings({ stderr }: App, sentence: string): number[] {
  const counts = new Map<string, number>();
  for (const [, pid, text] of stderr.matchAll(/\(node:(\d+)\) \[PREFORK_NODE_PART\] PreforkWarning: (.*)/g)) {
    if (text!.endsWith(sentence)) counts.set(pid!, (counts.get(pid!) ?? 0) + 1);
  }
  return [...counts.values()];
}

async function reload(app: App): Promise<void> {
  const before = [...app.workers.values()];
  app.signal('SIGHUP');
  await app.event('reload done');
  for (const pid of before) await app.event('worker stopped', { pid });
}

async function serveWithout(part: string | undefined): Promise<{ app: App; clients: Clients }> {
  const [http, tls, own] = [await freePort(), await freePort(), await freePort()];
  const env = { PORT: `${http}`, TLS_PORT: `${tls}`, OWN_PORT: `${own}`, HIDDEN_PART: part, ...certificate };
  const workers = part === undefined || hasSuccessors(part) ? '2' : '1';
  const app = await serve({
    entry: 'every-kind.mjs',
    options: [
      '--workers',
      workers,
      '--drain-timeout',
      '1s',
      ...(part === 'Server._handle' ? ['--sharing', 'round-robin'] : []),
    ],
    env: { ...env, NODE_OPTIONS: `--require=${inRoot('test/fixtures/hide-part.cjs')}` },
  });
  return { app, clients: new Clients({ http, tls, own }) };
}

/** A deploy, with clients of each kind. */
async function exercise(app: App, clients: Clients, isReloaded: boolean): Promise<void> {
  try {
    await clients.assertServed();
    await Promise.all([clients.stay(), clients.breakOff()]);
    if (isReloaded) await Promise.all([clients.waitForDrain(), reload(app)]);
    await clients.assertServed();
  } finally {
    clients.close();
  }
}

test('this Node.js has every part', async () => {
  const { app, clients } = await serveWithout(undefined);
  await using _app = app;
  await exercise(app, clients, true);
  assert.doesNotMatch(app.stderr, /PREFORK_NODE_PART/);
});

for (const part of parts) {
  const sentences = doors.flatMap((door) => door[part] ?? []);
  test(`without ${part}: ${sentences.join('; ')}`, async () => {
    const { app, clients } = await serveWithout(part);
    await using _app = app;
    await exercise(app, clients, hasSuccessors(part));
    for (const sentence of sentences) {
      const counts = warnings(app, `has no ${part}: ${sentence}`);
      assert.ok(counts.length > 0, `nobody said: ${sentence}`);
      assert.deepEqual(new Set(counts), new Set([1]));
    }
  });
}
