/** What limits processes: descriptors, pids, and who is pid 1. */
import { cgroups } from '../options/machine/cgroup.ts';
import { findings, type Check } from './finding.ts';

/** What a worker has open without a connection: event loop, IPC, listening sockets, files. */
const OWN_DESCRIPTORS = 64;

/** Of one node process: its own, V8's and libuv's. Each counts as a pid to the kernel. */
const THREADS = 11;

const files = findings(
  'nofile',
  'A connection is a file descriptor, and the limit holds for each worker: above it, accept fails and clients wait.',
);

/** The hard limit counts: node raises its soft limit to it. */
const openFiles: Check = ({ read }) => {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  if (hard === undefined) return undefined;
  if (hard === 'unlimited') return files.ok('unlimited');
  const connections = Math.max(0, Number(hard) - OWN_DESCRIPTORS);
  const found = `${hard}, some ${connections} connections for each worker`;
  const mend = [
    'in a systemd unit: LimitNOFILE=65536',
    'in Docker: docker run --ulimit nofile=65536:65536',
    'in a shell, as root: ulimit -n 65536',
  ];
  if (connections < 1000) return files.problem(found, ...mend);
  return connections < 4000 ? files.note(found, ...mend) : files.ok(found);
};

const tasks = findings(
  'pids.max',
  `Each thread counts, and a worker has ${THREADS}. At the limit no worker can be started, a replacement neither.`,
);

const pidsLimit: Check = ({ read, workers }) => {
  const groups = cgroups('pids', read).map(({ path }) => ({
    max: read(`${path}/pids.max`),
    now: read(`${path}/pids.current`),
  }));
  const limits = groups.filter(({ max }) => /^\d+\s*$/.test(max ?? ''));
  if (limits.length === 0) return groups.some(({ max }) => max !== undefined) ? tasks.ok('no limit') : undefined;
  const left = Math.min(...limits.map(({ max, now }) => Number(max) - (Number(now) || 0)));
  // All workers twice, as a reload may have them, and the primary.
  const needed = (2 * workers + 1) * THREADS;
  const found = `${left} left, and ${workers} workers may need ${needed}`;
  return left >= needed
    ? tasks.ok(found)
    : tasks.problem(found, 'in Docker: docker run --pids-limit 1024', 'in a systemd unit: TasksMax=1024');
};

const init = findings(
  'pid 1',
  'Pid 1 has to wait for every orphan, and to pass signals on. Node does the second only: what the processes that the application starts leave behind stays as zombies.',
);

/** A shell or npm that runs the program as its child. */
const WRAPPERS = /^(sh|bash|dash|ash|npm|npm .*|yarn|pnpm)$/;

const pidOne: Check = ({ pid, read, platform }) => {
  if (platform === 'win32') return undefined;
  const name = pid === 1 ? 'node' : read('/proc/1/comm')?.trim();
  if (name === undefined) return undefined;
  if (/^(node|prefork|MainThread)$/.test(name))
    return init.note('node itself', 'in Docker: docker run --init', 'in a Dockerfile: ENTRYPOINT ["tini", "--"]');
  if (!WRAPPERS.test(name)) return init.ok(name);
  return init.note(
    `${name}, which passes no signals on: where it started the server, "docker stop" ends it without grace`,
    'in a Dockerfile, without a shell or npm: CMD ["prefork", "server.js"]',
  );
};

export const processChecks: readonly Check[] = [openFiles, pidsLimit, pidOne];
