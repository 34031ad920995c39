import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainExit, type ExitEvidence, type ExitReason } from '../../../../src/primary/exits/exit-reason.ts';

const MB = 2 ** 20;

type Changes = Partial<Omit<ExitEvidence, 'exit'>>;

function signal(name: NodeJS.Signals, changes: Changes = {}): ExitEvidence {
  return { exit: { code: null, signal: name }, isGivenUp: false, isKilled: false, ...changes };
}

function code(number: number, changes: Changes = {}): ExitEvidence {
  return { exit: { code: number, signal: null }, isGivenUp: false, isKilled: false, ...changes };
}

const oom = { before: 2, after: 3 };
const noOom = { before: 3, after: 3 };
const full = { isHeapExhausted: true, event: 'Allocation failed - JavaScript heap out of memory', heap: undefined };
const assertion = { isHeapExhausted: false, event: 'v8::ToLocalChecked Empty MaybeLocal', heap: undefined };
const boom = { error: 'Error: boom\n    at serve (/app/server.js:12:5)\n', stderr: '' };

const cases: ReadonlyArray<readonly [ExitEvidence, ExitReason, string | RegExp]> = [
  [
    { exit: { code: null, signal: null, error: new Error('spawn EAGAIN') }, isGivenUp: false, isKilled: false },
    'unstarted',
    'could not be started: spawn EAGAIN',
  ],
  // prefork's own kills decide, whatever else there is.
  [signal('SIGKILL', { isGivenUp: true, isKilled: true, oomKills: oom }), 'hung', /--heartbeat-timeout/],
  [signal('SIGKILL', { isGivenUp: true, isKilled: true, asked: 'abort' }), 'hung', /its release was taken back/],
  [signal('SIGKILL', { isGivenUp: true, isKilled: true, asked: 'reload' }), 'hung', /--heartbeat-timeout/],
  [signal('SIGKILL', { isKilled: true }), 'overdue', 'was not ready in time, and was killed'],
  [
    signal('SIGKILL', { isKilled: true, asked: 'reload', oomKills: oom }),
    'overdue',
    'had not finished (reload), and was killed',
  ],
  // The worker ended by itself before the kill.
  [code(1, { isKilled: true, asked: 'stop' }), 'asked', 'ended as asked (stop), with exit code 1'],
  // The start of another worker had failed.
  [signal('SIGKILL', { isDiscarded: true, isKilled: true, asked: 'stop' }), 'asked', /the start had failed$/],
  [code(1, { isDiscarded: true, lastWords: boom, asked: 'stop' }), 'asked', /the start had failed$/],
  // The worker hung, and another process killed it first.
  [signal('SIGSEGV', { isGivenUp: true }), 'signal', /^killed by SIGSEGV \(an error in a native addon/],
  // These cases are errors.
  [code(1, { lastWords: boom }), 'uncaught', 'uncaught Error: boom at /app/server.js:12'],
  [code(1, { lastWords: boom, asked: 'reload' }), 'uncaught', /boom/],
  [signal('SIGABRT', { lastWords: boom, heap: { used: 99, limit: 100 } }), 'uncaught', /boom/],
  // These cases concern the heap.
  [signal('SIGABRT', { report: full }), 'heap', /^out of memory: V8's heap was full; a leak, or/],
  [
    signal('SIGABRT', { report: { ...full, heap: { used: 4000 * MB, limit: 4096 * MB } } }),
    'heap',
    /full \(4000 MB of 4096 MB\)/,
  ],
  [code(134, { report: full }), 'heap', /^out of memory/],
  [signal('SIGTRAP', { report: full, asked: 'stop' }), 'heap', /^out of memory/],
  [signal('SIGABRT', { heap: { used: 70 * MB, limit: 100 * MB } }), 'heap', /full \(70 MB of 100 MB\)/],
  [signal('SIGABRT', { lastWords: { error: '', stderr: 'x JavaScript heap out of memory y' } }), 'heap', /full;/],
  [signal('SIGABRT', { heap: { used: 69 * MB, limit: 100 * MB } }), 'signal', /^killed by SIGABRT \(process.abort/],
  [signal('SIGABRT', { heap: { used: 0, limit: 0 } }), 'signal', /SIGABRT/],
  // Node's report counts for more than the figures.
  [
    signal('SIGABRT', { report: assertion, heap: { used: 99 * MB, limit: 100 * MB } }),
    'signal',
    'killed by SIGABRT (node: v8::ToLocalChecked Empty MaybeLocal)',
  ],
  [code(1, { heap: { used: 99 * MB, limit: 100 * MB } }), 'code', 'exited with code 1'],
  [signal('SIGKILL', { heap: { used: 99 * MB, limit: 100 * MB }, oomKills: noOom }), 'signal', /SIGKILL/],
  // These cases concern the cgroup's OOM killer.
  [signal('SIGKILL', { oomKills: oom }), 'memory', /^killed by the kernel: the cgroup was at its memory limit/],
  [signal('SIGKILL', { oomKills: oom, asked: 'stop' }), 'memory', /cgroup/],
  [code(137, { oomKills: oom }), 'memory', /cgroup/],
  [signal('SIGKILL', { oomKills: noOom }), 'signal', /perhaps by the kernel because the machine was short of memory/],
  [signal('SIGKILL'), 'signal', /^killed by SIGKILL \(sent from outside/],
  [signal('SIGTERM', { oomKills: oom }), 'signal', 'killed by SIGTERM (sent from outside)'],
  // These workers were asked to end.
  [signal('SIGTERM', { asked: 'stop' }), 'asked', 'ended as asked (stop)'],
  [code(0, { asked: 'scale' }), 'asked', 'ended as asked (scale)'],
  [code(5, { asked: 'upgrade' }), 'asked', 'ended as asked (upgrade), with exit code 5'],
  [code(143, { asked: 'stop' }), 'asked', 'ended as asked (stop)'],
  [signal('SIGTERM', { asked: 'recycle', recycled: 'max-memory' }), 'recycled', 'replaced as planned (--max-memory)'],
  [code(0, { asked: 'recycle' }), 'recycled', 'replaced as planned'],
  [signal('SIGSEGV', { asked: 'recycle', recycled: 'max-memory' }), 'signal', /SIGSEGV/],
  [signal('SIGKILL', { asked: 'stop' }), 'signal', /SIGKILL/],
  // These are the other cases.
  [signal('SIGSYS'), 'signal', /seccomp/],
  [signal('SIGTERM', { disconnectedFor: 400 }), 'disconnected', /^the application closed its channel to prefork/],
  [code(0, { disconnectedFor: 400 }), 'disconnected', /process\.disconnect/],
  [code(0, { disconnectedFor: 400, drained: true }), 'disconnected', /process\.disconnect/],
  [code(1, { disconnectedFor: 400, drained: false }), 'code', 'exited with code 1'],
  [signal('SIGTERM', { disconnectedFor: 5 }), 'signal', 'killed by SIGTERM (sent from outside)'],
  [signal('SIGSEGV', { disconnectedFor: 400 }), 'signal', /^killed by SIGSEGV/],
  [signal('SIGTERM', { disconnectedFor: 400, asked: 'reload' }), 'asked', /^ended as asked/],
  [signal('SIGUSR1'), 'signal', 'killed by SIGUSR1 (sent from outside)'],
  [code(139), 'signal', /^killed by SIGSEGV/],
  [code(255), 'code', 'exited with code 255'],
  [code(0), 'code', /^exited with code 0: nothing kept its event loop running/],
  [code(13), 'code', 'exited with code 13: a top-level await never settled'],
  [code(3), 'code', 'exited with code 3'],
  [
    code(1, { lastWords: { error: ' \n', stderr: 'no\nDATABASE_URL is not set\n\nNode.js v24.1.0\n' } }),
    'code',
    'exited with code 1: DATABASE_URL is not set',
  ],
];

for (const [evidence, reason, text] of cases) {
  const { exit, asked = '', recycled = '' } = evidence;
  test(`${exit.signal ?? exit.code} ${asked} ${recycled}: ${reason}, ${text}`, () => {
    const explained = explainExit(evidence);
    assert.equal(explained.reason, reason);
    if (typeof text === 'string') assert.equal(explained.text, text);
    else assert.match(explained.text, text);
  });
}

test('whatever a worker says, it is one short line', () => {
  const said = `\u001B[31m${'x'.repeat(5000)}\u0007\u001B[0m\u009B\nforged line`;
  for (const lastWords of [
    { error: said, stderr: '' },
    { error: '', stderr: `forged line\n${said.split('\n')[0]}` },
  ]) {
    const { text } = explainExit(code(1, { lastWords }));
    assert.match(text, /^[\x20-\x7e]{100,300}$/);
    assert.doesNotMatch(text, /forged|\[31m/);
  }
});
