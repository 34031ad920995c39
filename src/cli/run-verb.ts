/**
 * Runs the commands beside running an entry. Bundled apart from the rest of the command, so that a primary neither reads
 * nor keeps their text: nothing that a primary loads may import from here.
 */
import { PreforkError } from '../errors.ts';
import { complain } from './print.ts';
import { askedKinds, type AskedKind } from '../contract/operations.ts';
import type { VerbName } from './verbs.ts';

/** Takes what follows its name. @returns the exit code; what is thrown as a PreforkError is printed and decides it, too. */
type Verb = (argv: readonly string[]) => Promise<number>;
type Loader = () => Promise<Verb>;

/** Each is loaded when it is used. */
const loaders: Readonly<Record<VerbName, Loader>> = {
  status: async () => (await import('./commands/status.ts')).status,
  top: async () => (await import('./commands/top.ts')).top,
  dashboard: async () => (await import('./commands/dashboard.ts')).dashboard,
  ...(Object.fromEntries(askedKinds.map((kind) => [kind, () => loadOperation(kind)])) as Record<AskedKind, Loader>),
  stop: async () => (await import('./commands/stop.ts')).stop,
  profile: async () => (await import('./commands/profile.ts')).profile,
  heap: async () => (await import('./commands/heap.ts')).heap,
  stack: async () => (await import('./commands/stack.ts')).stack,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
};

async function loadOperation(kind: AskedKind): Promise<Verb> {
  return (await import('./commands/operation.ts')).operationVerb(kind);
}

/** Its errors are its output: nothing else has said them. */
export async function runVerb(name: VerbName, argv: readonly string[]): Promise<number> {
  process.on('uncaughtException', (error) => process.exit(report(error)));
  try {
    const verb = await loaders[name]();
    return await verb(argv);
  } catch (error) {
    return report(error);
  }
}

/** A fault of ours too: node would print it as it is, and there may be words of a server in it. @returns the exit code. */
function report(error: unknown): number {
  if (error instanceof PreforkError) {
    complain(error.message);
    return error.exitCode;
  }
  complain(error instanceof Error ? (error.stack ?? String(error)) : String(error));
  return 1;
}
