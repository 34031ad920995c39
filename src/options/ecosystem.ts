/**
 * Reads PM2's ecosystem file, so that `prefork ecosystem.config.js` runs what `pm2 start` ran. Fields that have a
 * counterpart become options. Of the others the user is told what to do instead. The fields are those of PM2 7's
 * lib/API/schema.json.
 */
import { basename, extname } from 'node:path';
import { availableCores } from './machine/cores.ts';
import { fail } from './check.ts';
import { quote } from './quote.ts';
import { optionKeys } from './table.ts';

/** The values of an app in the words of this config file, and what could not be translated. */
export interface Ecosystem {
  readonly config: { readonly apps: ReadonlyArray<Readonly<Record<string, unknown>>> };
  /** A line for each field that has no counterpart. */
  readonly notes: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

/** Programs that run another one, and would pass no signal on to it, also as files of Windows and of npm's own package. */
const STARTERS = /^(?:(?:npm|npx|yarn|pnpm|bun|sh|bash)(?:\.(?:cmd|exe))?|(?:npm|npx)-cli\.js)$/i;

/** What becomes of a field: options, or a word on what to do instead; nothing where the default here does the same. */
type Rule = (value: unknown, app: Values) => { readonly options?: Values; readonly instead?: string } | undefined;

const NAME = /^(?:ecosystem|pm2|process)(?:\.config)?\.(?:cjs|mjs|js|json)$/;

/** Tells by its name whether a file is PM2's. */
export function isEcosystem(file: string): boolean {
  return NAME.test(basename(file)) && basename(file) !== 'process.js';
}

const as =
  (key: string, convert: (value: unknown) => unknown = (value) => value): Rule =>
  (value) => ({ options: { [key]: convert(value) } });

const instead =
  (words: string): Rule =>
  () => ({ instead: words });

/** The rule for a switch whose false, or true, is how it is here anyway. */
const unless =
  (usual: unknown, words: string): Rule =>
  (value) =>
    value === usual ? undefined : { instead: words };

const nothing: Rule = () => undefined;

const outputs = 'what starts prefork says where its output goes (docs/logs.md)';

const rules: Readonly<Record<string, Rule>> = {
  name: as('name'),
  script: as('entry'),
  // Fork mode has one process, as one worker is, which is replaced without a gap here.
  exec_mode: nothing,
  args: as('args', wordsOf),
  cwd: as('cwd'),
  instances: (value) => ({ options: { workers: workersOf(value) } }),
  node_args: as('nodeArgs', wordsOf),
  interpreter_args: as('nodeArgs', wordsOf),
  // As with PM2, the field wins over the variable, whichever comes first.
  env: (value, { port }) => ({
    options: { env: isObject(value) && port ? { ...(value as Values), ...portOf(port) } : value },
  }),
  env_file: as('envFile'),
  max_memory_restart: as('maxMemory', sizeOf),
  kill_timeout: as('shutdownGracePeriod', timeOf),
  listen_timeout: as('readyTimeout', timeOf),
  wait_ready: (value) => (value === true ? { options: { ready: 'message' } } : undefined),
  restart_delay: as('recoverInterval', timeOf),
  exp_backoff_restart_delay: as('recoverInterval', timeOf),
  max_restarts: as('recoverThreshold'),
  instance_var: as('instanceVariable'),
  uid: as('user'),
  gid: as('group'),
  time: (value) => (value === true ? { options: { logTime: true } } : undefined),
  log_date_format: () => ({ options: { logTime: true } }),
  watch: (value) => (value === false ? undefined : { options: { watch: true } }),
  source_map_support: (value) => (value === true ? { options: { nodeArgs: ['--enable-source-maps'] } } : undefined),
  disable_source_map_support: nothing,
  autostart: unless(true, 'every app of the file starts; prefork --app starts one'),
  min_uptime: instead('how long a worker lasted counts by itself'),
  // PM2 takes 0 for no time at all.
  cron_restart: (value, { name }) =>
    !isText(value) || value === '0'
      ? undefined
      : { instead: `let cron run it: ${value} prefork reload ${String(name)}` },
  autorestart: unless(true, 'a worker that ends is replaced; a program that runs once is for cron or a timer'),
  stop_exit_codes: instead('a worker that ends is replaced, whatever its code is'),
  ignore_watch: instead('node_modules and what is no code are not watched'),
  watch_options: instead('node_modules and what is no code are not watched'),
  watch_delay: instead('changes that come together are one reload'),
  interpreter: (value) =>
    value === 'node' ? undefined : { instead: 'programs run in Node; another one is a service of its own' },
  out_file: instead(outputs),
  error_file: instead(outputs),
  log_file: instead(outputs),
  disable_logs: unless(false, outputs),
  merge_logs: nothing,
  log_type: (value) => (value === 'json' ? { options: { logFormat: 'json' } } : undefined),
  pid_file: instead('prefork list and prefork status tell the pid'),
  shutdown_with_message: unless(false, 'workers get SIGTERM, or the signal of --stop-signal'),
  port: (value) => ({ options: { env: portOf(value) } }),
  // These concern PM2's own daemon, its web service or its repository.
  vizion: nothing,
  pmx: nothing,
  io: nothing,
  trace: nothing,
  disable_trace: nothing,
  v8: nothing,
  event_loop_inspector: nothing,
  deep_monitoring: nothing,
  automation: nothing,
  install_url: nothing,
  kill_retry_time: nothing,
  write: nothing,
  execute_command: nothing,
  treekill: nothing,
  windowsHide: nothing,
  force: nothing,
  append_env_to_name: nothing,
  increment_var: instead('the slot of a worker is in PREFORK_SLOT'),
  post_update: instead('run it before prefork reload'),
  filter_env: instead('start prefork with the environment that its workers are to have'),
  namespace: instead('a server is known by its name'),
  name_prefix: instead('a server is known by its name'),
};

/** Other names of fields. */
const aliases: Readonly<Record<string, string>> = {
  exec: 'script',
  exec_interpreter: 'interpreter',
  interpreterArgs: 'interpreter_args',
  out: 'out_file',
  output: 'out_file',
  out_log: 'out_file',
  err: 'error_file',
  error: 'error_file',
  err_file: 'error_file',
  err_log: 'error_file',
  log: 'log_file',
  pid: 'pid_file',
  cron: 'cron_restart',
  combine_logs: 'merge_logs',
  user: 'uid',
  username: 'uid',
};

/**
 * Translates a file.
 *
 * @param file for messages.
 * @param value what the file exports: an object with `apps`, an array of apps, or one app.
 * @throws UsageError when it is none of these, and for an app whose script is npm or another program that starts one.
 */
export function readEcosystem(file: string, value: unknown): Ecosystem {
  const name = basename(file);
  const { apps, deploy } = isObject(value) && !Array.isArray(value) ? (value as Values) : {};
  const list: unknown = apps ?? (Array.isArray(value) ? value : [value]);
  if (!Array.isArray(list) || list.length === 0 || !list.every(isObject)) {
    return fail(name, 'apps, an array of objects', value);
  }
  const notes = deploy === undefined ? [] : [`${name}: deploy: releases behind a link are in docs/deployment.md`];
  const translated = (list as readonly Values[]).map((app, at) => {
    const appName = nameOf(app, at);
    const { options, left } = readApp({ ...app, name: appName });
    checkEntry(`${name}: ${String(appName)}: script`, options['entry'], app['args']);
    notes.push(...left.map(([field, words]) => `${name}: ${String(appName)}: ${field}: ${words}`));
    return options;
  });
  return { config: { apps: translated }, notes };
}

/** No program stands between prefork and the workers, which gets its signals in their place. */
function checkEntry(place: string, entry: unknown, args: unknown): void {
  if (typeof entry !== 'string' || !STARTERS.test(basename(entry))) return;
  const words = wordsOf(args);
  const line = [entry, ...(Array.isArray(words) ? words.filter(isText) : [])].join(' ');
  fail(place, `the file that ${quote(line)} runs in the end, such as 'server.js'`, entry);
}

function readApp(app: Values): { options: Values; left: Array<[field: string, words: string]> } {
  // PM2 runs one process where nothing is said, and here it would be one for each core.
  let options: Values = { workers: 1 };
  const left: Array<[string, string]> = [];
  for (const [field, value] of Object.entries(app)) {
    if (value === undefined || value === null) continue;
    const rule = ruleOf(field);
    const told = rule(value, app);
    if (told?.options !== undefined) options = joined(options, told.options);
    if (told?.instead !== undefined) left.push([field, told.instead]);
  }
  return { options, left };
}

function ruleOf(given: string): Rule {
  const field = Object.hasOwn(aliases, given) ? aliases[given]! : given;
  if (Object.hasOwn(rules, field)) return rules[field]!;
  // An application that listens nowhere has to say so, and PM2 has no word for that: `ready: 'start'`.
  if ((optionKeys as readonly string[]).includes(field)) return as(field);
  if (field.startsWith('env_'))
    return instead('put it into env, or into a file for envFile; a config file may be a function');
  return instead('it is not known');
}

/** Two fields may give flags to node, and two may give variables. */
function joined(before: Values, next: Values): Values {
  const flags = [before['nodeArgs'], next['nodeArgs']].flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : []));
  const variables = { ...(before['env'] as Values | undefined), ...(next['env'] as Values | undefined) };
  return {
    ...before,
    ...next,
    ...(flags.length > 0 && { nodeArgs: flags }),
    ...(Object.keys(variables).length > 0 && { env: variables }),
  };
}

function nameOf({ name, script, exec, entry }: Values, at: number): unknown {
  if (name !== undefined && name !== null) return name;
  const program = [script, exec, entry].find(isText);
  return program === undefined ? `app-${at}` : basename(program, extname(program));
}

function portOf(port: unknown): Values {
  return { PORT: String(port) };
}

/** `max`, 0, and a number below 0, which stands for the cores less so many. */
function workersOf(instances: unknown): unknown {
  const count = typeof instances === 'string' && /^-?\d+$/.test(instances) ? Number(instances) : instances;
  if (count === 'max' || count === 0) return 'auto';
  if (typeof count === 'number' && count < 0) return Math.max(1, availableCores() + count);
  return count;
}

/** `'--port 3000'`, as a shell without quotes would split it, or an array. */
function wordsOf(value: unknown): unknown {
  return typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value;
}

/** `'300M'` is `'300mb'` here. */
function sizeOf(value: unknown): unknown {
  const [, number, unit] = (typeof value === 'string' && /^(\d+)([KMG])B?$/i.exec(value)) || [];
  return number === undefined ? value : `${number}${unit!.toLowerCase()}b`;
}

/** A number of ms, which PM2 also takes as text. */
function timeOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
