import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputsOf } from '../../../src/privileges/node-outputs.ts';

const cwd = '/nowhere';

const cases: ReadonlyArray<readonly [flags: readonly string[], nodeOptions: string, files: Record<string, string>]> = [
  [['--max-old-space-size=64'], '--no-warnings --require ./a.js', {}],
  [['--prof', '--no-logfile-per-isolate'], '', { '--no-logfile-per-isolate': '/nowhere/v8.log' }],
  [['--nologfile_per_isolate'], '', { '--nologfile-per-isolate': '/nowhere/v8.log' }],
  [['--logfile=-'], '', {}],
  [
    ['--trace-event-categories', 'v8', '--logfile=./x.log'],
    '',
    { '--trace-event-categories': '/nowhere/node_trace.1.log', '--logfile': '/nowhere/x.log' },
  ],
  [['--trace-events-enabled', '--trace-event-file-pattern=/t/${pid}'], '', { '--trace-events-enabled': '/t/${pid}' }],
  // A flag that names the directory.
  [['--cpu-prof', '--cpu-prof-dir=/var/p'], '', { '--cpu-prof': '/var/p/CPU.cpuprofile' }],
  [['--cpu-prof', '--cpu-prof-dir='], '', { '--cpu-prof': '/nowhere/CPU.cpuprofile' }],
  [['--cpu_prof', '--cpu-prof-name=../x'], '', { '--cpu-prof': '/x' }],
  [['--heap-prof', '--heap-prof-name', '/x'], '--heap_prof_dir=p', { '--heap-prof': '/nowhere/p/x' }],
  [
    ['--cpu-prof', '--heap-prof', '--heapsnapshot-signal=SIGUSR2'],
    '--diagnostic-dir=/var/d',
    {
      '--cpu-prof': '/var/d/CPU.cpuprofile',
      '--heap-prof': '/var/d/Heap.heapprofile',
      '--heapsnapshot-signal': '/var/d/Heap.heapsnapshot',
    },
  ],
  [['--heapsnapshot-near-heap-limit=2'], '', { '--heapsnapshot-near-heap-limit': '/nowhere/Heap.heapsnapshot' }],
  [
    [],
    '--report-on-fatalerror --report-directory=/var/log/reports',
    { '--report-on-fatalerror': '/var/log/reports/report.json' },
  ],
  // That flag says nothing of reports.
  [['--report-on-signal'], '--diagnostic-dir=/var/d --report-filename=r', { '--report-on-signal': '/nowhere/r' }],
  [['--report-uncaught-exception', '--report-filename=stderr'], '', {}],
  [['--report-signal=SIGUSR2', '--report-dir=reports', '--diagnostic-dir=d'], '', {}],
  [
    ['--perf-basic-prof', '--perf-prof'],
    '',
    { '--perf-basic-prof': '/tmp/perf.map', '--perf-prof': '/nowhere/jit.dump' },
  ],
  [
    ['--perf-basic-prof-only-functions', '--perf-prof', '--perf-prof-path=/var/p'],
    '--perf-basic-prof-path=/var/p',
    { '--perf-basic-prof-only-functions': '/var/p/perf.map', '--perf-prof': '/var/p/jit.dump' },
  ],
  [['--redirect-warnings=w', '--tls-keylog', '/k'], '', { '--redirect-warnings': '/nowhere/w', '--tls-keylog': '/k' }],
  // What is not known may write a file.
  [['--trace-turbo'], '', { '--trace-turbo': '/nowhere/file' }],
  [
    ['--redirect-code-traces', '--print-code'],
    '',
    { '--redirect-code-traces': '/nowhere/file', '--print-code': '/nowhere/file' },
  ],
  [['--a-flag-of-a-later-node=1'], '', { '--a-flag-of-a-later-node': '/nowhere/file' }],
  [['--ll-prof'], '', { '--ll-prof': '/tmp/__v8_gc__' }],
  [['--ll-prof', '--gc-fake-mmap=/var/p'], '', { '--ll-prof': '/var/p' }],
  [
    [
      '--max_semi_space_size=64',
      '--expose-gc',
      '--stack-size=2000',
      '--no-opt',
      '--trace-gc',
      '--trace-gc-verbose',
      '--harmony',
      '--harmony-shadow-realm',
      '--single-threaded',
      '--single-threaded-gc',
      '--prof',
    ],
    '--enable-source-maps --dns-result-order=ipv4first --unhandled-rejections=strict',
    {},
  ],
  [
    ['--require', './a.js', '-r', 'b', '--import=./c.mjs', '--env-file=.env', '--conditions', 'x', '--trace-warnings'],
    '',
    {},
  ],
];

for (const [flags, nodeOptions, files] of cases) {
  test(`what is written by ${flags.join(' ')} ${nodeOptions}`, () => {
    const found = outputsOf(flags, { NODE_OPTIONS: nodeOptions }, cwd);
    assert.deepEqual(Object.fromEntries(found.map(({ by, path }) => [by, path])), files);
    assert.equal(found.length, Object.keys(files).length);
  });
}

test('what is written by variables', () => {
  const env = { NODE_V8_COVERAGE: 'c', NODE_REDIRECT_WARNINGS: '', NODE_COMPILE_CACHE: '/c' };
  assert.deepEqual(outputsOf([], env, cwd), [{ by: 'NODE_V8_COVERAGE', path: '/nowhere/c' }]);
});

test('a flag that is not known may write where it says', () => {
  const found = outputsOf(['--trace-turbo-path=/var/t', '--trace-turbo-cfg-file', '../x'], {}, cwd);
  assert.deepEqual(
    found.map(({ path }) => path),
    ['/nowhere/file', '/var/t', '/nowhere/file', '/x'],
  );
});
