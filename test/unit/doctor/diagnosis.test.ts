import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../../src/doctor/diagnosis.ts';
import type { Level } from '../../../src/doctor/finding.ts';
import type { Machine } from '../../../src/doctor/machine.ts';

type Files = Readonly<Record<string, string>>;

const MB = 2 ** 20;
const limits = (hard: string): string =>
  `Limit Soft Hard Units\nMax open files            256                  ${hard}                files     \n`;

/** The files of a machine in which all is well. */
const files: Files = {
  '/proc/1/comm': 'systemd\n',
  '/proc/self/limits': limits('524288'),
  '/proc/self/cgroup': '0::/app.slice/app.service\n',
  '/proc/sys/net/core/somaxconn': '4096\n',
  '/proc/sys/net/ipv4/tcp_max_syn_backlog': '1024\n',
  '/proc/sys/net/ipv4/tcp_syncookies': '1\n',
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  '/proc/sys/net/ipv4/tcp_migrate_req': '1\n',
  '/sys/fs/cgroup/app.slice/app.service/cpu.max': '200000 100000\n',
  '/sys/fs/cgroup/app.slice/app.service/cpu.stat': 'usage_usec 5\nnr_periods 5000\nnr_throttled 1\nthrottled_usec 9\n',
  '/sys/fs/cgroup/app.slice/app.service/memory.max': String(2048 * MB),
  '/sys/fs/cgroup/app.slice/app.service/memory.events': 'max 0\noom 0\noom_kill 0\n',
  '/sys/fs/cgroup/app.slice/app.service/pids.max': '1024\n',
  '/sys/fs/cgroup/app.slice/app.service/pids.current': '30\n',
};

const sound: Omit<Machine, 'read'> = {
  platform: 'linux',
  node: '24.21.0',
  pid: 4711,
  sharing: { mode: 'reuseport', reason: 'the best there is' },
  cores: 8,
  workers: 2,
  heapLimit: 1024 * MB,
  space: () => ({ size: 64 * MB, free: 60 * MB }),
  control: { path: '/run/user/1000/prefork-1000', problem: undefined },
};

const group = '/sys/fs/cgroup/app.slice/app.service';

interface Changes {
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly machine?: Partial<Machine>;
}

function machine(changes: Changes = {}): Machine {
  const tree: Readonly<Record<string, string | undefined>> = { ...files, ...changes.files };
  return { ...sound, read: (path) => tree[path], ...changes.machine };
}

test('a machine in which all is well', () => {
  const findings = diagnose(machine());
  assert.deepEqual(
    findings.map(({ check, level, found }) => `${level} ${check}: ${found}`),
    [
      'ok node: 24.21.0',
      'ok sharing: reuseport, a socket for each worker',
      'ok somaxconn: 4096, for a backlog of 511',
      'ok tcp_max_syn_backlog: 1024',
      'ok ip_local_port_range: 28232 ports, 32768 to 60999',
      'ok tcp_migrate_req: on',
      'ok nofile: 524288, about 524224 connections for each worker',
      'ok pids.max: 994 left, and 2 workers may need 55',
      'ok pid 1: systemd',
      'ok cpu quota: 2 of 8 cores, so "auto" is 2 workers',
      'ok cpu throttling: in 1 of 5000 periods (0.0 %)',
      'ok memory limit: 2048 MB, 682 MB each for 2 workers and one more in a reload',
      'ok heap limit: 1024 MB for each of 2 workers, in 2048 MB',
      'ok oom kills: none',
      'ok /dev/shm: 60 of 64 MB free',
      'ok control socket: /run/user/1000/prefork-1000',
    ],
  );
});

/** The check, its level, what it says and what mends it, after a change of the machine. */
const cases: ReadonlyArray<readonly [string, Level | 'silent', RegExp, RegExp, Changes]> = [
  ['node', 'problem', /^20\.18\.3$/, /20\.19/, { machine: { node: '20.18.3' } }],
  ['node', 'problem', /^18/, /20\.19/, { machine: { node: '18.20.1' } }],
  ['node', 'ok', /^20\.19\.0$/, /^$/, { machine: { node: '20.19.0' } }],
  [
    'sharing',
    'note',
    /^shared, one socket for all workers: reuseport needs/,
    /22\.12/,
    { machine: { sharing: { mode: 'shared', reason: 'reuseport needs Node 22.12' } } },
  ],
  [
    'sharing',
    'note',
    /^round-robin, the primary accepts/,
    /^$/,
    { machine: { platform: 'win32', sharing: { mode: 'round-robin', reason: 'x' } } },
  ],
  [
    'somaxconn',
    'problem',
    /^128, less/,
    /sysctl -w net\.core\.somaxconn=4096/,
    { files: { '/proc/sys/net/core/somaxconn': '128\n' } },
  ],
  ['somaxconn', 'ok', /^511/, /^$/, { files: { '/proc/sys/net/core/somaxconn': '511\n' } }],
  ['somaxconn', 'silent', /^/, /^/, { files: { '/proc/sys/net/core/somaxconn': undefined } }],
  [
    'tcp_max_syn_backlog',
    'note',
    /^128: in a burst SYN cookies/,
    /sysctl/,
    { files: { '/proc/sys/net/ipv4/tcp_max_syn_backlog': '128\n' } },
  ],
  [
    'tcp_max_syn_backlog',
    'problem',
    /cookies are off/,
    /sysctl/,
    { files: { '/proc/sys/net/ipv4/tcp_max_syn_backlog': '128\n', '/proc/sys/net/ipv4/tcp_syncookies': '0\n' } },
  ],
  [
    'ip_local_port_range',
    'note',
    /^1001 ports, 50000 to 51000$/,
    /ip_local_port_range="/,
    { files: { '/proc/sys/net/ipv4/ip_local_port_range': '50000 51000\n' } },
  ],
  ['ip_local_port_range', 'silent', /^/, /^/, { files: { '/proc/sys/net/ipv4/ip_local_port_range': '\n' } }],
  ['tcp_migrate_req', 'note', /^off$/, /tcp_migrate_req=1/, { files: { '/proc/sys/net/ipv4/tcp_migrate_req': '0\n' } }],
  ['tcp_migrate_req', 'silent', /^/, /^/, { machine: { sharing: { mode: 'shared', reason: 'asked for' } } }],
  ['nofile', 'problem', /^1024, about 960 /, /LimitNOFILE/, { files: { '/proc/self/limits': limits('1024') } }],
  ['nofile', 'problem', /^32, about 0 /, /ulimit/, { files: { '/proc/self/limits': limits('32') } }],
  ['nofile', 'note', /^4000, about 3936 /, /LimitNOFILE/, { files: { '/proc/self/limits': limits('4000') } }],
  ['nofile', 'ok', /^unlimited$/, /^$/, { files: { '/proc/self/limits': limits('unlimited') } }],
  [
    'pids.max',
    'problem',
    /^34 left, and 2 workers may need 55$/,
    /TasksMax/,
    { files: { [`${group}/pids.max`]: '64\n' } },
  ],
  ['pids.max', 'problem', /^5 left/, /pids-limit/, { files: { '/sys/fs/cgroup/app.slice/pids.max': '5\n' } }],
  ['pids.max', 'ok', /^no limit$/, /^$/, { files: { [`${group}/pids.max`]: 'max\n' } }],
  ['pids.max', 'silent', /^/, /^/, { files: { [`${group}/pids.max`]: undefined } }],
  ['pid 1', 'note', /^node itself$/, /--init/, { machine: { pid: 1 } }],
  ['pid 1', 'note', /^node itself$/, /tini/, { files: { '/proc/1/comm': 'node\n' } }],
  ['pid 1', 'note', /^sh, which passes no signals on/, /CMD \["prefork/, { files: { '/proc/1/comm': 'sh\n' } }],
  ['pid 1', 'note', /^npm start, which/, /CMD/, { files: { '/proc/1/comm': 'npm start\n' } }],
  ['pid 1', 'ok', /^tini$/, /^$/, { files: { '/proc/1/comm': 'tini\n' } }],
  ['cpu quota', 'note', /^1\.5 of 8 cores/, /--cpus 2;/, { files: { [`${group}/cpu.max`]: '150000 100000\n' } }],
  ['cpu quota', 'ok', /^none below the 8/, /^$/, { files: { [`${group}/cpu.max`]: 'max 100000\n' } }],
  [
    'cpu throttling',
    'problem',
    /^in 250 of 5000 periods \(5\.0 %\)$/,
    /--cpus/,
    { files: { [`${group}/cpu.stat`]: 'nr_periods 5000\nnr_throttled 250\n' } },
  ],
  [
    'cpu throttling',
    'note',
    /\(0\.1 %\)$/,
    /--workers/,
    { files: { [`${group}/cpu.stat`]: 'nr_periods 5000\nnr_throttled 5\n' } },
  ],
  [
    'cpu throttling',
    'problem',
    /^in 90 of 100/,
    /./,
    { files: { '/sys/fs/cgroup/app.slice/cpu.stat': 'nr_periods 100\nnr_throttled 90\n' } },
  ],
  ['cpu throttling', 'silent', /^/, /^/, { files: { [`${group}/cpu.stat`]: 'nr_periods 0\nnr_throttled 0\n' } }],
  [
    'memory limit',
    'problem',
    /^128 MB, 42 MB each .*node alone/,
    /--workers/,
    { files: { [`${group}/memory.max`]: String(128 * MB) } },
  ],
  [
    'memory limit',
    'note',
    /^256 MB, 85 MB each/,
    /MemoryMax=/,
    { files: { [`${group}/memory.max`]: String(256 * MB) } },
  ],
  ['memory limit', 'ok', /^none$/, /^$/, { files: { [`${group}/memory.max`]: 'max\n' } }],
  [
    'heap limit',
    'note',
    /^1025 MB for each of 2 workers, in 2048 MB$/,
    /--max-old-space-size=512\b/,
    { machine: { heapLimit: 1025 * MB } },
  ],
  ['heap limit', 'silent', /^/, /^/, { files: { [`${group}/memory.max`]: 'max\n' } }],
  ['oom kills', 'note', /^3 so far$/, /--max-memory/, { files: { [`${group}/memory.events`]: 'oom_kill 3\n' } }],
  [
    'oom kills',
    'note',
    /^2 so far$/,
    /./,
    {
      files: {
        '/proc/self/cgroup': '2:memory:/a\n',
        '/sys/fs/cgroup/memory/a/memory.oom_control': 'under_oom 0\noom_kill 2\n',
      },
    },
  ],
  ['oom kills', 'silent', /^/, /^/, { files: { '/proc/self/cgroup': undefined } }],
  ['/dev/shm', 'note', /^not writable/, /tmpfs/, { machine: { space: () => undefined } }],
  [
    '/dev/shm',
    'problem',
    /^1 of 64 MB free$/,
    /--shm-size/,
    { machine: { space: () => ({ size: 64 * MB, free: MB }) } },
  ],
  ['/dev/shm', 'silent', /^/, /^/, { machine: { platform: 'darwin' } }],
  [
    'control socket',
    'problem',
    /^\/tmp\/prefork-0 is open to other users$/,
    /PREFORK_RUNTIME_DIR/,
    { machine: { control: { path: '/tmp/prefork-0', problem: '/tmp/prefork-0 is open to other users' } } },
  ],
];

for (const [check, level, found, mend, changes] of cases) {
  test(`${check}: ${level}, ${found}`, () => {
    const finding = diagnose(machine(changes)).find((one) => one.check === check);
    assert.equal(finding?.level ?? 'silent', level);
    if (finding === undefined) return;
    assert.match(finding.found, found);
    assert.match(finding.mend.join('\n'), mend);
  });
}

test('every check has a case that is not well', () => {
  const names = new Set(diagnose(machine()).map(({ check }) => check));
  const unwell = new Set(cases.filter(([, level]) => level === 'note' || level === 'problem').map(([check]) => check));
  assert.deepEqual(
    [...names].filter((name) => !unwell.has(name)),
    [],
  );
});

test('a finding is one line, says why, and mends what is not well', () => {
  for (const [, , , , changes] of cases) {
    for (const { level, found, why, mend, check } of diagnose(machine(changes))) {
      for (const text of [found, why, ...mend]) assert.match(text, /^\S.*\S$|^\S$/, check);
      if (level === 'ok') assert.deepEqual(mend, []);
    }
  }
});

test('a system without /proc is no problem', () => {
  const bare = { platform: 'darwin', space: () => undefined, read: () => undefined } as const;
  const levels = diagnose(machine({ machine: bare })).map(({ level }) => level);
  assert.ok(levels.length > 0 && levels.every((level) => level === 'ok'), levels.join(' '));
});
