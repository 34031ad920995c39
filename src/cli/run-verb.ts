/**
 * Runs the commands other than starting an entry. They are bundled apart from the rest, so that a primary neither reads
 * nor keeps their text: no module that a primary loads may import this one.
 */
import { PreforkError } from '../errors.ts';
import { complain } from './print.ts';
import { askedKinds, type AskedKind } from '../contract/operations.ts';
import type { AskingVerb } from './verbs.ts';
import { tableOf } from '../contract/tables.ts';

/**
 * A command takes the arguments after its name and returns the exit code. A PreforkError that it throws is printed and
 * decides the exit code.
 */
type Verb = (argv: readonly string[]) => Promise<number>;
type Loader = () => Promise<Verb>;

/** Each command is loaded when it is used. */
const loaders: Readonly<Record<AskingVerb, Loader>> = {
  list: async () => (await import('./commands/list.ts')).list,
  status: async () => (await import('./commands/status.ts')).status,
  top: async () => (await import('./commands/top.ts')).top,
  logs: async () => (await import('./commands/logs.ts')).logs,
  dashboard: async () => (await import('./commands/dashboard.ts')).dashboard,
  ...tableOf<AskedKind, Loader>(askedKinds, (kind) => () => loadOperation(kind)),
  stop: async () => (await import('./commands/stop.ts')).stop,
  profile: async () => (await import('./commands/profile.ts')).profile,
  heap: async () => (await import('./commands/heap.ts')).heap,
  stack: async () => (await import('./commands/stack.ts')).stack,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
  unit: async () => (await import('./commands/unit.ts')).unit,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
};

async function loadOperation(kind: AskedKind): Promise<Verb> {
  return (await import('./commands/operation.ts')).operationVerb(kind);
}

/** Runs a command and prints its errors, because no log has told them before. */
export async function runVerb(name: AskingVerb, argv: readonly string[]): Promise<number> {
  process.on('uncaughtException', (error) => process.exit(report(error)));
  try {
    const verb = await loaders[name]();
    return await verb(argv);
  } catch (error) {
    return report(error);
  }
}

/**
 * Prints an error and returns the exit code. This also covers faults of prefork: node would print them raw, and they
 * may contain text that came from a server.
 */
function report(error: unknown): number {
  if (error instanceof PreforkError) {
    complain(error.message);
    return error.exitCode;
  }
  complain(error instanceof Error ? (error.stack ?? String(error)) : String(error));
  return 1;
}
