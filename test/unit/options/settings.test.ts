import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { availableCores } from '../../../src/options/machine/cores.ts';
import { resolveSettings, type Sources } from '../../../src/options/settings.ts';
import { flagName, settingKeys, variableName, type SettingKey } from '../../../src/options/table.ts';
import { formatTime } from '../../../src/options/values/time.ts';
import type { Settings } from '../../../src/options/types.ts';
import { usage } from './usage.ts';

/** Values of any type, as programs without types give them. */
function loose(values: Record<string, unknown>): object {
  return values;
}

function resolve(sources: Sources): Settings {
  return resolveSettings({ env: {}, ...sources });
}

function config(values: Record<string, unknown>): Sources {
  return { config: { file: '/app/prefork.config.js', values: loose(values), text: '', notes: [] } };
}

test('defaults', () => {
  assert.deepEqual(resolve({ entry: '/app/server.js' }), {
    workers: availableCores(),
    range: undefined,
    name: 'server',
    isNameGiven: false,
    cwd: undefined,
    envFile: undefined,
    nodeArgs: undefined,
    instanceVariable: 'NODE_APP_INSTANCE',
    stopSignal: 'SIGTERM',
    sharing: 'auto',
    balance: 'auto',
    migrate: 'on',
    hangStack: 'off',
    spares: 0,
    ready: 'listen',
    readyTimeout: 30_000,
    settle: 500,
    keepPrevious: 0,
    canary: 0,
    canaryWatch: 60_000,
    onDoubt: 'rollback',
    maxSurge: 1,
    maxBoots: availableCores(),
    canaryErrors: 0.5,
    canaryLatency: 30,
    canaryLoop: 50,
    canaryMemory: 50,
    canaryWarmup: 5000,
    canaryRequests: 100,
    canaryMetrics: undefined,
    proxyProtocol: undefined,
    readyShare: 0,
    healthPath: undefined,
    adminHost: undefined,
    appVersion: undefined,
    drainTimeout: 30_000,
    drainDelay: 0,
    shutdownGracePeriod: 10_000,
    heartbeatTimeout: 30_000,
    recoverThreshold: 'auto',
    recoverWindow: 60_000,
    recoverInterval: 100,
    maxRequests: 0,
    maxMemory: 0,
    maxLifetime: 0,
    user: undefined,
    group: undefined,
    bind: undefined,
    logFormat: 'text',
    logLevel: 'info',
    admin: undefined,
    primary: undefined,
    adminTokenFile: undefined,
    logTime: false,
    compileCache: undefined,
    watch: false,
    prefixOutput: false,
  });
});

test('a range of workers starts with one for each core, or the nearest number', () => {
  const cores = availableCores();
  const of = (workers: string): unknown[] => {
    const settings = resolve({ flags: { workers } });
    return [settings.workers, settings.range];
  };
  assert.deepEqual(of('1..1024'), [cores, { text: '1..1024', least: 1, most: 1024, isAsked: true }]);
  assert.deepEqual(of('1..auto'), [cores, { text: '1..auto', least: 1, most: cores, isAsked: false }]);
  assert.deepEqual(of('1000..1024'), [1000, { text: '1000..1024', least: 1000, most: 1024, isAsked: true }]);
  assert.deepEqual(of('1..1'), [1, { text: '1..1', least: 1, most: 1, isAsked: true }]);
  assert.throws(() => of('1024..auto'), {
    message: `workers: expected a range that does not end below its beginning, with auto for ${cores}, got "1024..auto"`,
  });
});

const anyPorts: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ['80', [80], [80]],
  ['80,443', [80, 443], [80, 443]],
  ['65535', [65_535], [65_535]],
];

const anyAccount: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ['www-data', 'www-data', 'www-data'],
  ['_svc.app$', '_svc.app$', '_svc.app$'],
  ['0', 0, 0],
  ['1000', 1000, '1000'],
  ['4294967294', 4_294_967_294, 4_294_967_294],
];

/** A value as text, its meaning, and the same value as code may give it. */
const good: { readonly [Key in SettingKey]: ReadonlyArray<readonly [string, unknown, unknown]> } = {
  workers: [
    ['1', 1, 1],
    ['1024', 1024, 1024],
    ['auto', availableCores(), 'auto'],
    ['3..3', 3, '3..3'],
    ['auto..auto', availableCores(), 'auto..auto'],
    ['1..1024', availableCores(), '1..1024'],
    ['1000..1024', 1000, '1000..1024'],
  ],
  name: [
    ['api', 'api', 'api'],
    ['_A-1.b', '_A-1.b', '_A-1.b'],
    ['x'.repeat(64), 'x'.repeat(64), 'x'.repeat(64)],
  ],
  cwd: [['/srv/app/current', '/srv/app/current', '/srv/app/current']],
  envFile: [
    ['.env', ['.env'], '.env'],
    ['.env\n.env.local', ['.env', '.env.local'], ['.env', '.env.local']],
  ],
  nodeArgs: [
    ['--import\ntsx', ['--import', 'tsx'], ['--import', 'tsx']],
    ['-C', ['-C'], ['-C']],
  ],
  instanceVariable: [
    ['none', 'none', 'none'],
    ['PM_INSTANCE', 'PM_INSTANCE', 'PM_INSTANCE'],
  ],
  stopSignal: [['SIGINT', 'SIGINT', 'SIGINT']],
  sharing: [
    ['reuseport', 'reuseport', 'reuseport'],
    ['shared', 'shared', 'shared'],
    ['round-robin', 'round-robin', 'round-robin'],
  ],
  balance: [
    ['kernel', 'kernel', 'kernel'],
    ['least-connections', 'least-connections', 'least-connections'],
    ['sticky-ip', 'sticky-ip', 'sticky-ip'],
  ],
  migrate: [['off', 'off', 'off']],
  hangStack: [['on', 'on', 'on']],
  spares: [
    ['0', 0, 0],
    ['1024', 1024, 1024],
  ],
  maxSurge: [
    ['1', 1, 1],
    ['1024', 1024, 1024],
  ],
  maxBoots: [
    ['1', 1, 1],
    ['1024', 1024, 1024],
  ],
  canaryErrors: [
    ['0.01%', 0.01, '0.01%'],
    ['100%', 100, '100%'],
  ],
  canaryLatency: [['25%', 25, '25%']],
  canaryLoop: [['100%', 100, '100%']],
  canaryMemory: [['12.5%', 12.5, '12.5%']],
  canaryWarmup: [['10m', 600_000, '10m']],
  canaryRequests: [['20', 20, 20]],
  canaryMetrics: [
    ['jobs_failed:higher:50%', [{ name: 'jobs_failed', worse: 'higher', by: 0.5 }], ['jobs_failed:higher:50%']],
    [
      'a:b:lower:10%,c:higher:0%',
      [
        { name: 'a:b', worse: 'lower', by: 0.1 },
        { name: 'c', worse: 'higher', by: 0 },
      ],
      ['a:b:lower:10%', 'c:higher:0%'],
    ],
  ],
  drainTimeout: [
    ['0', 0, 0],
    ['5m', 300_000, '5m'],
  ],
  drainDelay: [
    ['0', 0, 0],
    ['5s', 5000, 5000],
  ],
  heartbeatTimeout: [
    ['0', 0, 0],
    ['1s', 1000, 1000],
    ['2m', 120_000, '2m'],
  ],
  ready: [
    ['message', 'message', 'message'],
    ['start', 'start', 'start'],
  ],
  canary: [
    ['0', 0, 0],
    ['2', 2, 2],
    ['25%', '25%', '25%'],
  ],
  canaryWatch: [
    ['1s', 1000, '1s'],
    ['24h', 86_400_000, 86_400_000],
  ],
  onDoubt: [['continue', 'continue', 'continue']],
  keepPrevious: [
    ['0', 0, 0],
    ['24h', 86_400_000, '24h'],
  ],
  settle: [
    ['0', 0, 0],
    ['60s', 60_000, '60s'],
  ],
  readyTimeout: [
    ['1ms', 1, 1],
    ['2m', 120_000, '2m'],
    ['596h', 2_145_600_000, '596h'],
  ],
  shutdownGracePeriod: [
    ['0', 0, 0],
    ['5s', 5000, 5000],
  ],
  recoverThreshold: [
    ['0', 0, 0],
    ['1000000', 1_000_000, 1_000_000],
    ['auto', 'auto', 'auto'],
  ],
  recoverWindow: [['1h', 3_600_000, '1h']],
  recoverInterval: [
    ['0', 0, '0'],
    ['30s', 30_000, 30_000],
  ],
  maxRequests: [
    ['0', 0, 0],
    ['1000000', 1_000_000, 1_000_000],
  ],
  maxMemory: [
    ['0', 0, 0],
    ['32mb', 2 ** 25, 2 ** 25],
    ['512mb', 2 ** 29, '512mb'],
    ['2gb', 2 ** 31, '2gb'],
  ],
  maxLifetime: [
    ['0', 0, '0'],
    ['12h', 43_200_000, '12h'],
  ],
  user: anyAccount,
  group: anyAccount,
  bind: anyPorts,
  logFormat: [['json', 'json', 'json']],
  logLevel: [
    ['debug', 'debug', 'debug'],
    ['silent', 'silent', 'silent'],
  ],
  proxyProtocol: [
    ['10.0.0.0/8', ['10.0.0.0/8'], '10.0.0.0/8'],
    ['192.0.2.1,::1,fd00::/8,unix', ['192.0.2.1', '::1', 'fd00::/8', 'unix'], ['192.0.2.1', '::1', 'fd00::/8', 'unix']],
  ],
  readyShare: [
    ['0%', 0, '0%'],
    ['66.7%', 66.7, '66.7%'],
    ['100%', 100, '100%'],
  ],
  healthPath: [
    ['/', '/', '/'],
    ['/-/healthz', '/-/healthz', '/-/healthz'],
  ],
  adminHost: [
    ['metrics.example.com', ['metrics.example.com'], 'metrics.example.com'],
    ['*.a.example,b', ['*.a.example', 'b'], ['*.a.example', 'b']],
  ],
  appVersion: [
    ['1.4.2-rc.1+b5', '1.4.2-rc.1+b5', '1.4.2-rc.1+b5'],
    ['9f2c1e0', '9f2c1e0', '9f2c1e0'],
  ],
  compileCache: [['/var/cache/app', '/var/cache/app', '/var/cache/app']],
  primary: [['./primary.mjs', './primary.mjs', './primary.mjs']],
  adminTokenFile: [['/etc/prefork/token', '/etc/prefork/token', '/etc/prefork/token']],
  admin: [
    ['9090', '9090', '9090'],
    [':0', ':0', ':0'],
    ['localhost:9090', 'localhost:9090', 'localhost:9090'],
    ['[::1]:65535', '[::1]:65535', '[::1]:65535'],
  ],
  logTime: [
    ['true', true, true],
    ['1', true, true],
    ['false', false, false],
    ['0', false, false],
  ],
  watch: [
    ['true', true, true],
    ['1', true, true],
    ['false', false, false],
    ['0', false, false],
  ],
  prefixOutput: [
    ['true', true, true],
    ['1', true, true],
    ['false', false, false],
    ['0', false, false],
  ],
};

const aTime = (min: string, max: string): string => `a time from ${min} to ${max} such as 10s or 500ms`;
const aName = '1 to 64 letters, digits, ".", "_" or "-", not starting with "." or "-"';

/** The expectation of text, with invalid texts and values and how the message shows them. */
interface Bad {
  readonly expected: string;
  readonly texts: readonly string[];
  readonly values: ReadonlyArray<readonly [unknown, string]>;
}

const badTimes: Pick<Bad, 'texts' | 'values'> = {
  texts: ['30', '1.5s', '-1s', '597h', 'soon'],
  values: [
    [-1, '-1'],
    [0.5, '0.5'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [2 ** 31, '2147483648'],
    ['30', '"30"'],
    [true, 'true'],
    [10n, '10n'],
  ],
};

const badPorts: Bad = {
  expected: 'ports from 1 to 65535, such as 80,443',
  texts: ['0', '65536', '-80', '80,', ',', '80;443', '80, 443', 'http', '0x50', '8e1'],
  values: [
    ['80', '"80"'],
    [80, '80'],
    [[], '[]'],
    [[80, '443'], "[ 80, '443' ]"],
    [[0], '[ 0 ]'],
    [null, 'null'],
  ],
};

const badAccounts: Bad = {
  expected: 'a name, or an id from 0 to 4294967294',
  texts: ['-1', '--group', 'a b', 'a:b', 'a,b', '/bin', '4294967295', 'x'.repeat(257)],
  values: [
    ['', '""'],
    [-1, '-1'],
    [1.5, '1.5'],
    [4_294_967_295, '4294967295'],
    [null, 'null'],
  ],
};

const aPercentage = (min: string, max: string): Bad => ({
  expected: `a percentage from ${min}% to ${max}% such as 50%`,
  texts: ['50', '0%', '-1%', '1.2345%', '1e1%', '%', '1001%'],
  values: [
    [50, '50'],
    [0.5, '0.5'],
    [null, 'null'],
  ],
});

const bad: { readonly [Key in SettingKey]: Bad } = {
  workers: {
    expected: 'a whole number from 1 to 1024, auto, or a range of these such as 2..8',
    texts: [
      '0',
      '1025',
      '-1',
      '1.5',
      'many',
      '4x',
      ' 4',
      '0x4',
      '1e2',
      '9'.repeat(30),
      '2..',
      '..2',
      '..',
      '0..4',
      '4..2',
      '1..1025',
      '2...4',
      '2..4..6',
      '2-4',
      '1.5..4',
      '-1..4',
      '2 .. 4',
      'auto..0',
      'all..4',
    ],
    values: [
      [0, '0'],
      [1025, '1025'],
      [1.5, '1.5'],
      [NaN, 'NaN'],
      ['4', '"4"'],
      [null, 'null'],
      [[4], '[ 4 ]'],
      [{}, '{}'],
      [() => 4, 'a function'],
      [Symbol('four'), 'Symbol(four)'],
    ],
  },
  name: {
    expected: aName,
    texts: ['.api', '-api', 'a b', 'a/b', 'ä', 'a\nb', 'x'.repeat(65)],
    values: [
      ['', '""'],
      [1, '1'],
      [{ a: { b: { c: 1 } } }, '{ a: [Object] }'],
    ],
  },
  cwd: {
    expected: 'a directory',
    texts: [],
    values: [
      ['', '""'],
      [1, '1'],
    ],
  },
  envFile: {
    expected: 'a file, or several',
    texts: ['a\0b'],
    values: [
      [1, '1'],
      [[''], "[ '' ]"],
      [[1], '[ 1 ]'],
    ],
  },
  nodeArgs: {
    expected: 'flags of node, such as --max-old-space-size=512',
    texts: ['tsx', 'tsx\n--import'],
    values: [
      ['--import', '"--import"'],
      [['tsx'], "[ 'tsx' ]"],
      [[1], '[ 1 ]'],
    ],
  },
  instanceVariable: {
    expected: 'the name of a variable, or none',
    texts: ['1A', 'A-B', 'A B'],
    values: [
      ['', '""'],
      [1, '1'],
    ],
  },
  stopSignal: {
    expected: 'SIGTERM, SIGINT, SIGQUIT, SIGHUP or SIGUSR2',
    texts: ['INT', 'SIGKILL'],
    values: [[15, '15']],
  },
  balance: {
    expected: 'auto, kernel, least-connections or sticky-ip',
    texts: ['least_conn', 'ip'],
    values: [[1, '1']],
  },
  migrate: {
    expected: 'on, off or every-answer',
    texts: ['yes'],
    values: [[true, 'true']],
  },
  hangStack: {
    expected: 'off or on',
    texts: ['yes'],
    values: [[true, 'true']],
  },
  sharing: {
    expected: 'auto, reuseport, shared or round-robin',
    texts: ['AUTO', 'roundrobin', 'toString'],
    values: [
      [false, 'false'],
      ['', '""'],
    ],
  },
  spares: {
    expected: 'a whole number from 0 to 1024',
    texts: ['-1', '1025', 'auto'],
    values: [
      [-1, '-1'],
      ['1', '"1"'],
    ],
  },
  maxSurge: {
    expected: 'a whole number from 1 to 1024',
    texts: ['0', '1025', '25%'],
    values: [
      [0, '0'],
      ['1', '"1"'],
    ],
  },
  maxBoots: {
    expected: 'a whole number from 1 to 1024 or auto',
    texts: ['0', '1025', 'all'],
    values: [
      [0, '0'],
      ['1', '"1"'],
    ],
  },
  canaryErrors: aPercentage('0.01', '100'),
  canaryLatency: aPercentage('1', '1000'),
  canaryLoop: aPercentage('1', '1000'),
  canaryMemory: aPercentage('1', '1000'),
  canaryWarmup: { expected: aTime('0', '10m'), texts: [...badTimes.texts, '11m'], values: badTimes.values },
  canaryRequests: {
    expected: 'a whole number from 20 to 1000000',
    texts: ['19', '1000001', 'all'],
    values: [[19, '19']],
  },
  canaryMetrics: {
    expected: 'metrics, which way is worse and by how much, such as orders_failed_total:higher:50%',
    texts: ['a', 'a:more:1%', 'a:higher:1', '1a:higher:1%', 'a:higher:1%,', Array(17).fill('a:higher:1%').join()],
    values: [
      [[], '[]'],
      ['a:higher:1%', '"a:higher:1%"'],
      [[1], '[ 1 ]'],
    ],
  },
  drainTimeout: { expected: aTime('0', '596h'), ...badTimes },
  drainDelay: { expected: aTime('0', '596h'), ...badTimes },
  heartbeatTimeout: {
    expected: `0 or ${aTime('1s', '596h')}`,
    texts: [...badTimes.texts, '999ms'],
    values: [...badTimes.values, [999, '999']],
  },
  ready: {
    expected: 'listen, message or start',
    texts: ['Listen', 'serving'],
    values: [[true, 'true']],
  },
  canary: {
    expected: 'a number of workers from 0 to 1024, or a share of them from 1% to 99%',
    texts: ['-1', '1.5', '0%', '100%', 'half', '1025'],
    values: [
      [-1, '-1'],
      [1.5, '1.5'],
      ['0%', '"0%"'],
      [null, 'null'],
      [true, 'true'],
    ],
  },
  canaryWatch: {
    expected: aTime('1s', '24h'),
    texts: [...badTimes.texts, '0', '25h'],
    values: [...badTimes.values, [999, '999']],
  },
  onDoubt: {
    expected: 'rollback or continue',
    texts: ['Rollback', 'promote'],
    values: [[true, 'true']],
  },
  keepPrevious: {
    expected: aTime('0', '24h'),
    texts: [...badTimes.texts, '25h'],
    values: [...badTimes.values, [86_400_001, '86400001']],
  },
  settle: {
    expected: aTime('0', '1m'),
    texts: [...badTimes.texts, '61s'],
    values: [...badTimes.values, [60_001, '60001']],
  },
  readyTimeout: {
    expected: aTime('1ms', '596h'),
    texts: [...badTimes.texts, '0'],
    values: [...badTimes.values, [0, '0']],
  },
  shutdownGracePeriod: { expected: aTime('0', '596h'), ...badTimes },
  recoverThreshold: {
    expected: 'a whole number of 0 or more or auto',
    texts: ['-1', '1.5', 'never'],
    values: [
      [-1, '-1'],
      [Infinity, 'Infinity'],
      ['never', '"never"'],
    ],
  },
  recoverWindow: { expected: aTime('1ms', '596h'), texts: [...badTimes.texts, '0'], values: badTimes.values },
  recoverInterval: {
    expected: aTime('0', '30s'),
    texts: [...badTimes.texts, '31s'],
    values: [...badTimes.values, [30_001, '30001']],
  },
  maxRequests: {
    expected: 'a whole number of 0 or more',
    texts: ['-1', '1e6', 'never'],
    values: [[-1, '-1']],
  },
  maxMemory: {
    expected: '0 or a size of 32mb or more such as 512mb or 2gb',
    texts: ['512', '512m', '512MB', '512Mi', '1.5gb', '-1mb', '31mb', '50%', '8388608gb'],
    values: [
      [512, '512'],
      [-1, '-1'],
      [2 ** 53, '9007199254740992'],
      ['512', '"512"'],
      [NaN, 'NaN'],
    ],
  },
  maxLifetime: { expected: aTime('0', '596h'), ...badTimes },
  user: badAccounts,
  group: badAccounts,
  bind: badPorts,
  logFormat: { expected: 'text or json', texts: ['xml'], values: [[1, '1']] },
  logLevel: { expected: 'debug, info, warn, error or silent', texts: ['trace'], values: [[30, '30']] },
  proxyProtocol: {
    expected: 'addresses and networks such as 10.0.0.0/8,fd00::/8, and unix for Unix sockets',
    texts: ['10.0.0.0/33', 'proxy.example', '10.0.0.1, 10.0.0.2', '*', '10.0.0.1,'],
    values: [
      ['', '""'],
      [[], '[]'],
      [[1], '[ 1 ]'],
      [null, 'null'],
    ],
  },
  readyShare: {
    expected: 'a percentage from 0% to 100% such as 50%',
    texts: ['101%', '-1%', '50', 'half'],
    values: [[0.5, '0.5']],
  },
  healthPath: {
    expected: 'a path such as /healthz',
    texts: ['healthz', '/health?x', '/a b', '/#'],
    values: [
      ['', '""'],
      [1, '1'],
    ],
  },
  adminHost: {
    expected: 'names of hosts such as metrics.example.com,*.internal.example',
    texts: ['*', '*.', 'a..b', 'http://a', 'a:1', 'a.*.b'],
    values: [
      ['', '""'],
      [[], '[]'],
    ],
  },
  appVersion: {
    expected: '1 to 64 characters without blanks, such as 1.4.2 or a commit',
    texts: ['1 2', 'x'.repeat(65), 'é'],
    values: [
      ['', '""'],
      [1, '1'],
    ],
  },
  compileCache: {
    expected: 'a directory',
    texts: [],
    values: [
      ['', '""'],
      [0, '0'],
      [true, 'true'],
    ],
  },
  primary: {
    expected: 'a file',
    texts: [],
    values: [
      ['', '""'],
      [0, '0'],
      [null, 'null'],
    ],
  },
  adminTokenFile: {
    expected: 'a file',
    texts: [],
    values: [
      ['', '""'],
      [0, '0'],
      [null, 'null'],
    ],
  },
  admin: {
    expected: 'a port, ":port", "host:port" or "[::1]:port"',
    texts: ['65536', 'localhost', '::1:9090', 'http://x:1', 'a b:1', 'x:', '-1'],
    values: [
      ['', '""'],
      [9090, '9090'],
    ],
  },
  logTime: {
    expected: 'true or false',
    texts: ['yes', 'TRUE', '2'],
    values: [
      ['true', '"true"'],
      [1, '1'],
    ],
  },
  watch: {
    expected: 'true or false',
    texts: ['yes', 'TRUE', '2'],
    values: [
      ['true', '"true"'],
      [1, '1'],
    ],
  },
  prefixOutput: {
    expected: 'true or false',
    texts: ['yes', 'TRUE', '2'],
    values: [
      ['true', '"true"'],
      [1, '1'],
    ],
  },
};

for (const key of settingKeys) {
  const variable = variableName(key);

  for (const [text, expected, value] of good[key]) {
    test(`${key} ${text}, from everywhere`, () => {
      assert.deepEqual(resolve({ flags: { [key]: text } })[key], expected);
      assert.deepEqual(resolve({ env: { [variable]: text } })[key], expected);
      assert.deepEqual(resolve({ options: loose({ [key]: value }) })[key], expected);
      assert.deepEqual(resolve(config({ [key]: value }))[key], expected);
    });
  }

  const { expected, texts, values } = bad[key];
  for (const text of texts) {
    test(`no ${key}: ${JSON.stringify(text)}, in a flag or variable`, () => {
      const got = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
      const end = `: expected ${expected}, got ${got}`;
      assert.throws(() => resolve({ flags: { [key]: text } }), usage(`--${flagName(key)}${end}`));
      assert.throws(() => resolve({ env: { [variable]: text } }), usage(`${variable}${end}`));
    });
  }

  for (const [value, got] of values) {
    test(`no ${key}: ${got}, in the library or a config file`, () => {
      const unit = / a (time|size) /.exec(` ${expected}`)?.[1];
      const bare = unit === undefined ? '' : `, or a whole number of ${unit === 'time' ? 'ms' : 'bytes'}`;
      const end = `: expected ${expected}${bare}, got ${got}`;
      assert.throws(() => resolve({ options: loose({ [key]: value }) }), usage(`options.${key}${end}`));
      assert.throws(() => resolve(config({ [key]: value })), usage(`prefork.config.js: ${key}${end}`));
    });
  }
}

test('a flag is stronger than a variable, that than the config file, that than the default', () => {
  const flags = { workers: '1' };
  const env = { PREFORK_WORKERS: '2', PREFORK_READY_TIMEOUT: '2s' };
  const file = config({ workers: 3, readyTimeout: 3000, recoverThreshold: 3 });
  const { workers, readyTimeout, recoverThreshold, recoverWindow } = resolve({ flags, env, ...file });
  assert.deepEqual([workers, readyTimeout, recoverThreshold, recoverWindow], [1, 2000, 3, 60_000]);
});

test('an explicit option is stronger than a variable, that than the default', () => {
  const options = { workers: 1, readyTimeout: undefined };
  const env = { PREFORK_WORKERS: '2', PREFORK_READY_TIMEOUT: '2s' };
  const { workers, readyTimeout, recoverWindow } = resolve({ options, env });
  assert.deepEqual([workers, readyTimeout, recoverWindow], [1, 2000, 60_000]);
});

test('a mistake shows even where a stronger source overrides it', () => {
  const sources = { flags: { workers: '1' }, env: { PREFORK_WORKERS: 'x' } };
  assert.throws(() => resolve(sources), usage(/^PREFORK_WORKERS: /));
});

test('an empty variable is an unset one', () => {
  assert.equal(resolve({ env: { PREFORK_RECOVER_THRESHOLD: '' } }).recoverThreshold, 'auto');
});

test('an empty flag is not', () => {
  assert.throws(() => resolve({ flags: { name: '' } }), usage(`--name: expected ${aName}, got ""`));
});

test('variables of others that begin alike are left alone', () => {
  // Kubernetes sets such variables for a service called prefork, and prefork itself sets some for its workers.
  const env = { PREFORK_SERVICE_PORT: '80', PREFORK_SLOT: '1', PREFORK_CONFIG: 'x', PREFORK_CHILD: '1' };
  assert.equal(resolve({ env, entry: '/a.js' }).name, 'a');
});

test('without others the variables are those of the process', () => {
  process.env['PREFORK_RECOVER_THRESHOLD'] = '7';
  try {
    assert.equal(resolveSettings({}).recoverThreshold, 7);
  } finally {
    delete process.env['PREFORK_RECOVER_THRESHOLD'];
  }
});

const logger = { debug() {}, info() {}, warn() {}, error() {} };

test('what only code can give is taken', () => {
  const hook = (): void => {};
  const shared = { logger, onWorkerSpawn: hook, onPrimaryReady: hook, onWorkerRecover: hook, spawnWorker: hook };
  resolve(config(shared));
  resolve({ options: loose({ ...shared, onPrimaryDeath: hook, network: 'tcp6', backlog: 4096 }) });
  resolve({ options: { logger: console, onWorkerSpawn: undefined } });
});

const badLibrary: ReadonlyArray<readonly [string, unknown, string]> = [
  ['network', 'udp', 'expected tcp, tcp4 or tcp6, got "udp"'],
  ['backlog', 0, 'expected a whole number from 1 to 2147483647, got 0'],
  ['backlog', '511', 'expected a whole number from 1 to 2147483647, got "511"'],
  ['onWorkerSpawn', 'x', 'expected a function, got "x"'],
  ['onPrimaryReady', {}, 'expected a function, got {}'],
  ['onWorkerRecover', null, 'expected a function, got null'],
  ['onPrimaryDeath', 1, 'expected a function, got 1'],
  ['spawnWorker', true, 'expected a function, got true'],
  ['logger', console.log, 'expected an object with the functions debug, info, warn, error, got a function'],
  ['logger', null, 'expected an object with the functions debug, info, warn, error, got null'],
  [
    'logger',
    { info() {} },
    'expected an object with the functions debug, info, warn, error, got { info: [Function: info] }',
  ],
];

for (const [key, value, message] of badLibrary) {
  test(`no ${key}: ${message}`, () => {
    assert.throws(() => resolve({ options: loose({ [key]: value }) }), usage(`options.${key}: ${message}`));
  });
}

test('hooks of a config file are checked too', () => {
  const message = 'prefork.config.js: onWorkerSpawn: expected a function, got "x"';
  assert.throws(() => resolve(config({ onWorkerSpawn: 'x' })), usage(message));
});

const unknown: ReadonlyArray<readonly [unknown, string]> = [
  [{ wrokers: 4 }, 'unknown option wrokers; did you mean workers?'],
  [{ 'ready-timeout': 4 }, 'unknown option ready-timeout; did you mean readyTimeout?'],
  [{ config: 'x' }, 'unknown option config'],
  [{ colour: 4 }, 'unknown option colour'],
  [4, 'options: expected an object, got 4'],
  [null, 'options: expected an object, got null'],
];

for (const [options, message] of unknown) {
  test(message, () => assert.throws(() => resolve({ options: options as object }), usage(message)));
}

test('a time means the same as text and as a number', () => {
  fc.assert(
    fc.property(fc.nat(2_145_600_000), (ms) => {
      const sources = [{ options: { shutdownGracePeriod: ms } }, { flags: { shutdownGracePeriod: formatTime(ms) } }];
      for (const source of sources) assert.equal(resolve(source).shutdownGracePeriod, ms);
    }),
  );
});

test('no text breaks the line', () => {
  fc.assert(
    fc.property(fc.constantFrom(...settingKeys), fc.string(), (key, text) => {
      try {
        resolve({ flags: { [key]: text } });
      } catch (error) {
        const { message } = error as Error;
        assert.ok(message.startsWith(`--${flagName(key)}: expected `) && !/[\n\r]/.test(message), message);
      }
    }),
  );
});
