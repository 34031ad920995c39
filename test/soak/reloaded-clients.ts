/**
 * Reloads a server ten times beneath each of the installed clients: curl, wrk, autocannon, undici, Go's net/http, Chromium. None may see
 * a failure, and none may need more connections than it has requests at once. npm test leaves this out.
 *
 *     node out/test/soak/reloaded-clients.js [--reloads 10] [--entry echoes.js] [--autocannon bench/node_modules/autocannon/autocannon.js]
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { testDirectory } from '../support/abandoned.ts';
import { serve, type App, type Target } from '../support/app.ts';
import { inRoot } from '../support/paths.ts';
import { reload } from '../support/reloads.ts';
import { Browser, noBrowser } from '../support/screens/browser.ts';
import { adminOf, sumOf } from '../support/scrape.ts';

/** Workers tell with their heartbeats what they have accepted. */
const TOLD_WITHIN_MS = 2500;
/** A client asks for at least so long before the first reload, and after the last. */
const SETTLED_MS = 500;
/** The end of a client that is ended by a signal, s. It is longer than all reloads. */
const FOR_LONG = 600;
/** How long an answer may take, as in `KeptConnections`. */
const PATIENCE_MS = 20_000;

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '10' },
    entry: { type: 'string', default: 'echoes.js' },
    autocannon: { type: 'string', default: inRoot('bench/node_modules/autocannon/autocannon.js') },
  },
});

interface Seen {
  readonly requests: number;
  readonly failures: number;
}

interface Client {
  /** The most connections that it needs. */
  readonly connections: number;
  /** Whether it can be run here. */
  readonly isHere: () => boolean;
  /** Asks all the time while something happens. */
  readonly ask: (port: number, happens: () => Promise<void>) => Promise<Seen>;
}

const directory = testDirectory('clients');

const clients: Readonly<Record<string, Client>> = {
  curl: {
    connections: 1,
    isHere: () => isInstalled('curl'),
    async ask(port, happens) {
      const url = `http://127.0.0.1:${port}/curl/[1-9999999]`;
      const child = run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code} %{num_connects}\n', url]);
      const output = await outputOf(child, happens, () => child.kill('SIGTERM'));
      // The last line may be the half of one.
      const lines = output.split('\n').slice(0, -1);
      const failures = lines.filter((line, nth) => line !== `200 ${nth === 0 ? 1 : 0}`).length;
      return { requests: lines.length, failures };
    },
  },
  wrk: {
    // wrk tries the address once before.
    connections: 33,
    isHere: () => isInstalled('wrk'),
    async ask(port, happens) {
      // An answer after 2 s would be late for wrk, and on a busy machine some are.
      const child = run('wrk', [
        '-t1',
        '-c32',
        '--timeout',
        `${PATIENCE_MS / 1000}s`,
        `-d${FOR_LONG}`,
        `http://127.0.0.1:${port}/wrk`,
      ]);
      const output = await outputOf(child, happens, () => child.kill('SIGINT'));
      const errors =
        /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
      const others = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0;
      const requests = Number(/(\d+) requests in/.exec(output)![1]);
      if (errors.length > 0) console.log(`  wrk: connect, read, write, timeout: ${errors.join(' ')}`);
      return { requests, failures: errors.reduce((sum, one) => sum + Number(one), Number(others)) };
    },
  },
  autocannon: {
    connections: 32,
    isHere: () => existsSync(values.autocannon),
    ask: (port, happens) =>
      counting(process.execPath, [client('keeps-asking-autocannon.mjs'), String(port), values.autocannon], happens),
  },
  undici: {
    connections: 16,
    isHere: () => true,
    ask: (port, happens) => counting(process.execPath, [client('keeps-asking.mjs'), String(port)], happens),
  },
  'Go, net/http': {
    connections: 16,
    isHere: () => isInstalled('go'),
    ask(port, happens) {
      const program = join(directory, 'keeps-asking');
      execFileSync('go', ['build', '-o', program, client('keeps-asking.go')]);
      return counting(program, [String(port)], happens);
    },
  },
  Chromium: {
    // Six for the page's own requests, and those that it opens beforehand.
    connections: 8,
    isHere: () => noBrowser === false,
    async ask(port, happens) {
      await using browser = await Browser.open(`http://127.0.0.1:${port}/page`);
      await browser.evaluate(`void (window.seen = { requests: 0, failures: 0 }, window.loops = Array.from({ length: 6 }, async () => {
        while (!window.isOver) {
          const path = '/chromium/' + ++seen.requests;
          const text = await fetch(path, { cache: 'no-store' }).then((one) => one.text()).catch(String);
          if (text !== 'GET ' + path + ' ') seen.failures++;
        }
      }))`);
      await happens();
      const seen = await browser.evaluate<Seen>('(window.isOver = true, Promise.all(loops).then(() => seen))');
      assert.deepEqual(browser.complaints, []);
      return seen;
    },
  },
};

let isWrong = false;
for (const [name, one] of Object.entries(clients)) {
  if (!one.isHere()) {
    console.log(`${name}: not installed`);
    continue;
  }
  await using app = await serve({
    entry: values.entry,
    options: ['--workers', '2', '--admin', '0', '--log-level', 'debug'],
  });
  const admin = await adminOf(app);
  const { requests, failures } = await one.ask(app.port, () => reloads(app));
  await delay(TOLD_WITHIN_MS);
  const opened = await sumOf(admin, 'prefork_connections_accepted_total{');
  const moved = await movesOf(admin);
  const isRight = requests > 0 && failures === 0 && opened <= one.connections && moved > 0;
  isWrong ||= !isRight;
  console.log(
    `${isRight ? 'right' : 'WRONG'}: ${name}, ${values.reloads} reloads: ${requests} requests, ${failures} failures, ${opened} connections (of ${one.connections}), ${moved} moves`,
  );
}
rmSync(directory, { recursive: true });
process.exitCode = isWrong ? 1 : 0;

async function reloads(app: App): Promise<void> {
  await delay(SETTLED_MS);
  for (let nth = 1; nth <= Number(values.reloads); nth++) await reload(app, nth);
  await delay(SETTLED_MS);
}

function movesOf(admin: Target): Promise<number> {
  return sumOf(admin, 'prefork_connections_moved_total{', 'reason="drain",outcome="taken"');
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((place) => existsSync(join(place, program)));
}

function client(name: string): string {
  return inRoot(`test/fixtures/clients/${name}`);
}

function run(program: string, flags: readonly string[]): ChildProcess {
  return spawn(program, flags, { stdio: ['pipe', 'pipe', 'ignore'] });
}

/** Runs a client that ends with its input, and tells what it counted in its last line. */
async function counting(program: string, flags: readonly string[], happens: () => Promise<void>): Promise<Seen> {
  const child = run(program, flags);
  const output = await outputOf(child, happens, () => child.stdin!.end());
  return JSON.parse(output.trimEnd().split('\n').at(-1)!) as Seen;
}

/** Returns what a client has written by its end. */
async function outputOf(child: ChildProcess, happens: () => Promise<void>, end: () => void): Promise<string> {
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => void (output += text));
  const closed = once(child, 'close');
  try {
    await happens();
    assert.equal(child.exitCode, null, `it ended by itself: ${output.slice(-500)}`);
  } finally {
    end();
    await closed;
  }
  return output;
}
