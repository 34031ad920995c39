/** Tests that the stack of a process that hangs can be taken from outside, and that nothing of it stays. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';
import { listeningOnLoopback, openIn } from '../../../src/inspector/listening.ts';
import { openInspector } from '../../../src/inspector/open.ts';
import { sampleStack } from '../../../src/inspector/stack.ts';
import { captureStack, formatFrame, type Stack } from '../../support/capture-stack.ts';
import { fixture } from '../../support/paths.ts';
import { state } from '../../support/leftovers.ts';
import { poll, Watched } from '../../support/watched.ts';

const skip = process.platform === 'linux' ? false : 'needs /proc';

/** A process of a test, with what it printed. It is killed when the test ends. */
class Victim {
  readonly child: ChildProcess;
  stdout = '';
  readonly #changes = new Watched();

  constructor(t: TestContext, child: ChildProcess) {
    this.child = child;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changes.changed();
    });
    child.once('exit', (code, signal) => this.#changes.over(`the victim ended with code=${code} signal=${signal}`));
    t.after(() => child.kill('SIGKILL'));
  }

  get pid(): number {
    return this.child.pid!;
  }

  printed(word: string): Promise<true> {
    return this.#changes.until(() => this.stdout.includes(word) || undefined, word);
  }

  /** Counts the listening sockets of its inspector, and of the rest of it. */
  async listening(): Promise<number> {
    return (await openIn(this.pid, await listeningOnLoopback(this.pid))).length;
  }
}

async function hanging(
  t: TestContext,
  kind: string,
  { args = [] as string[], node = process.execPath } = {},
): Promise<Victim> {
  const child = spawn(node, [fixture('hangs-in.cjs'), kind, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const victim = new Victim(t, child);
  await victim.printed('hanging');
  return victim;
}

function linesOf(stack: Stack): string[] {
  assert.ok(stack.frames !== undefined, `no stack: ${'reason' in stack ? stack.reason : ''}`);
  return stack.frames.map(formatFrame);
}

function reasonOf(stack: Stack): string {
  assert.ok(stack.frames === undefined, 'there is a stack');
  return stack.reason;
}

/** Counts the open sockets of this process. */
function openSockets(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((link) => link.startsWith('socket:')).length;
}

const where = /\(.*\/hangs-in\.cjs:\d+:\d+\)$/;

for (const [kind, name] of [
  ['loop', 'spin'],
  ['parse', 'parse'],
  ['regex', 'match'],
  ['wait', 'sleep'],
] as const) {
  test(`it hangs in a ${kind}`, { skip }, async (t) => {
    const victim = await hanging(t, kind);
    const [first = '', second = ''] = linesOf(await captureStack(victim.pid));
    assert.match(first, where);
    assert.equal(first.split(' ')[0], name);
    assert.match(second, where, 'the caller too');
    assert.equal(linesOf(await captureStack(victim.pid))[0], first, 'it can be asked again');
  });
}

test('the line is the one it hangs in', { skip }, async (t) => {
  const victim = await hanging(t, 'regex');
  const stack = await captureStack(victim.pid);
  const [frame] = stack.frames!;
  assert.deepEqual(frame, { function: 'match', file: fixture('hangs-in.cjs'), line: 13, column: 22 });
});

test('a wait goes on after it was looked at', { skip }, async (t) => {
  const victim = await hanging(t, 'wait');
  linesOf(await captureStack(victim.pid));
  await victim.printed('back');
});

test('a process that hangs natively has no stack, and is not held up by what it was asked', { skip }, async (t) => {
  const victim = await hanging(t, 'native');
  const sockets = openSockets();
  const start = performance.now();
  const reason = reasonOf(await captureStack(victim.pid, { timeout: 500 }));
  const took = performance.now() - start;
  assert.match(reason, /native code/);
  // The call to native code takes 3 s.
  assert.ok(took >= 450 && took < 2900, `took ${took} ms`);
  assert.equal(openSockets(), sockets);
  await victim.printed('back');
  assert.deepEqual(await captureStack(victim.pid), { frames: [] }, 'also with the inspector that was opened late');
});

test('a process that was asked while it was in native code goes on', { skip }, async (t) => {
  const victim = await hanging(t, 'later');
  const session = await openInspector(victim.pid, { signal: AbortSignal.timeout(10_000) });
  victim.child.stdin!.write('now');
  await victim.printed('native');
  await assert.rejects(sampleStack(session, AbortSignal.timeout(300)), /native code/);
  assert.doesNotMatch(victim.stdout, /out again/);
  await session.close();
  await victim.printed('out again');
  assert.deepEqual(await captureStack(victim.pid), { frames: [] });
});

test('what the application does to its own stacks changes nothing', { skip }, async (t) => {
  const victim = await hanging(t, 'deep');
  const [top, ...callers] = linesOf(await captureStack(victim.pid)).map((line) => line.split(' ')[0]);
  assert.equal(top, 'spin');
  assert.equal(callers.filter((name) => name === 'deep').length, 61);
});

test('a process that idles has an empty stack', { skip }, async (t) => {
  const victim = await hanging(t, 'nothing');
  await victim.printed('back');
  assert.deepEqual(await captureStack(victim.pid), { frames: [] });
});

test('a process that handles SIGUSR1 itself gets the signal', { skip }, async (t) => {
  const victim = await hanging(t, 'nothing', { args: ['handles'] });
  assert.match(reasonOf(await captureStack(victim.pid, { timeout: 300 })), /handles SIGUSR1 itself/);
  await victim.printed('SIGUSR1');
});

test('one that was started with --inspect: its inspector stays open', { skip }, async (t) => {
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', fixture('hangs-in.cjs'), 'loop'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const victim = new Victim(t, child);
  await victim.printed('hanging');
  assert.match(linesOf(await captureStack(victim.pid))[0]!, /^spin /);
  assert.equal(await victim.listening(), 1);
});

test('a stopped process is not signalled', { skip }, async (t) => {
  const victim = await hanging(t, 'loop');
  victim.child.kill('SIGSTOP');
  await poll(() => state(victim.pid) === 'T' || undefined, 'the stop');
  const kill = (): never => assert.fail('signalled');
  assert.match(reasonOf(await captureStack(victim.pid, { kill })), /it is stopped/);
});

test('another program is not signalled, which would end it', { skip }, async (t) => {
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill());
  await once(child, 'spawn');
  await poll(() => isExec(child.pid!), 'exec');
  assert.equal(reasonOf(await captureStack(child.pid!)), 'sleep is not Node');
  assert.equal(child.exitCode ?? child.signalCode, null);
});

test('nor is a Node without its handler', { skip }, async (t) => {
  const code =
    'process.on("SIGUSR1", () => {}).removeAllListeners("SIGUSR1"); console.log("on"); setInterval(() => {}, 1000)';
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
  const victim = new Victim(t, child);
  await victim.printed('on');
  assert.match(reasonOf(await captureStack(victim.pid)), /would end it/);
  assert.equal(child.exitCode ?? child.signalCode, null);
});

test('a process that is gone', { skip }, async () => {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'close');
  assert.equal(reasonOf(await captureStack(child.pid!)), `there is no process ${child.pid}`);
});

test('one that ends meanwhile', { skip }, async (t) => {
  const victim = await hanging(t, 'loop');
  const kill = (): void => void victim.child.kill('SIGKILL');
  reasonOf(await captureStack(victim.pid, { kill, timeout: 500 }));
});

test('no socket stays', { skip }, async (t) => {
  const victim = await hanging(t, 'loop');
  const before = openSockets();
  linesOf(await captureStack(victim.pid));
  assert.equal(openSockets(), before);
});

test('a worker of node:cluster', { skip }, async (t) => {
  cluster.setupPrimary({ exec: fixture('hangs-in.cjs'), args: ['loop'], silent: true });
  const worker = cluster.fork();
  const victim = new Victim(t, worker.process);
  await victim.printed('hanging');
  const kill = (_pid: number, signal: NodeJS.Signals): void => void worker.process.kill(signal);
  assert.match(linesOf(await captureStack(victim.pid, { kill }))[0]!, /^spin /);
});

test('a session asks whatever the protocol has', { skip }, async (t) => {
  const victim = await hanging(t, 'loop');
  const session = await openInspector(victim.pid, { signal: AbortSignal.timeout(5000) });
  after(() => session.close());
  const answer = await session.call('Runtime.evaluate', { expression: 'process.pid' });
  assert.equal((answer['result'] as { value: number }).value, victim.pid);
  await assert.rejects(session.call('No.such'), { code: 'ERR_INSPECTOR', message: /No\.such/ });
  await session.close();
  await assert.rejects(session.call('Runtime.evaluate'), /was closed/);
});

/** Tells whether the child has started its program. Between fork and exec it is a copy of this process. */
function isExec(pid: number): true | undefined {
  return readlinkSync(`/proc/${pid}/exe`).endsWith('sleep') || undefined;
}
