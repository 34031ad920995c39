/** Checks what limits processes: file descriptors, pids, and the program that is pid 1. */
import { cgroups } from '../options/machine/cgroup.ts';
import { findings, type Check } from './finding.ts';

/** The descriptors of a worker without a connection: event loop, IPC, listening sockets, files. */
const OWN_DESCRIPTORS = 64;

/** The threads of one node process: its own, V8's and libuv's. The kernel counts each as a pid. */
const THREADS = 11;

const files = findings(
  'nofile',
  'A connection is a file descriptor, and each worker has this limit. Above it, accept fails and clients wait.',
);

/** The hard limit counts, because node raises its soft limit to it. */
const openFiles: Check = ({ read }) => {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  if (hard === undefined) return undefined;
  if (hard === 'unlimited') return files.ok('unlimited');
  const connections = Math.max(0, Number(hard) - OWN_DESCRIPTORS);
  const found = `${hard}, about ${connections} connections for each worker`;
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
  `Each thread counts, and a worker has ${THREADS}. At the limit no worker can start, not even a replacement.`,
);

const pidsLimit: Check = ({ read, workers }) => {
  const groups = cgroups('pids', read).map(({ path }) => ({
    max: read(`${path}/pids.max`),
    now: read(`${path}/pids.current`),
  }));
  const limits = groups.filter(({ max }) => /^\d+\s*$/.test(max ?? ''));
  if (limits.length === 0) return groups.some(({ max }) => max !== undefined) ? tasks.ok('no limit') : undefined;
  const left = Math.min(...limits.map(({ max, now }) => Number(max) - (Number(now) || 0)));
  // A reload may run every worker twice, and the primary runs too.
  const needed = (2 * workers + 1) * THREADS;
  const found = `${left} left, and ${workers} workers may need ${needed}`;
  return left >= needed
    ? tasks.ok(found)
    : tasks.problem(found, 'in Docker: docker run --pids-limit 1024', 'in a systemd unit: TasksMax=1024');
};

const init = findings(
  'pid 1',
  'Pid 1 must pass signals on and reap orphans. Node only passes signals on, so orphans of processes that the application starts stay as zombies.',
);

/** Matches a shell or npm that runs the program as its child. */
const WRAPPERS = /^(sh|bash|dash|ash|npm|npm .*|yarn|pnpm)$/;

const pidOne: Check = ({ pid, read, platform }) => {
  if (platform === 'win32') return undefined;
  const name = pid === 1 ? 'node' : read('/proc/1/comm')?.trim();
  if (name === undefined) return undefined;
  if (/^(node|prefork|MainThread)$/.test(name))
    return init.note('node itself', 'in Docker: docker run --init', 'in a Dockerfile: ENTRYPOINT ["tini", "--"]');
  if (!WRAPPERS.test(name)) return init.ok(name);
  return init.note(
    `${name}, which passes no signals on: if it started the server, "docker stop" ends the server without grace`,
    'in a Dockerfile, without a shell or npm: CMD ["prefork", "server.js"]',
  );
};

export const processChecks: readonly Check[] = [openFiles, pidsLimit, pidOne];
