import type { RunningServer } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';

/** The servers of one user that are asked at the same time. */
const AT_ONCE = 16;

export interface Patience {
  /** How long one server may take, in ms. */
  readonly each: number;
  /** How long all servers of one user may take together, in ms. A server that was not asked by then counts as silent. */
  readonly all: number;
}

/** Our own servers answer at once, unless they are stopped or the machine is very busy. Those of others may be hostile. */
const OWN: Patience = { each: 5000, all: 15_000 };
const OTHERS: Patience = { each: 1000, all: 2000 };

/** The patience of a command that looks again soon, and would rather show now who answers. */
export const QUICK: Patience = OTHERS;

interface SurveyOptions {
  /** The patience with the servers of this user. @default 5 s each, 15 s all */
  readonly own?: Patience;
  readonly now?: () => number;
}

/** What a server answered, or why there is no answer. */
export type Surveyed<Answer> =
  | { readonly server: RunningServer; readonly answer: Answer; readonly reason?: undefined }
  | { readonly server: RunningServer; readonly reason: string; readonly answer?: undefined };

/**
 * Asks many servers. Servers of different users are asked side by side, and each user's within the same time: another
 * user can make thousands of sockets that never answer, and holds up no other by that.
 *
 * @param ask asks a server, within a time in ms. What it returns is kept, so it should be small.
 * @returns one result for each server that runs, in the order of the servers. Of those of one user and name only the first counts that
 *   runs: the others are in directories that are worse.
 */
export async function survey<Answer>(
  servers: readonly RunningServer[],
  ask: (server: RunningServer, within: number) => Promise<Answer>,
  { own = OWN, now = () => performance.now() }: SurveyOptions = {},
): Promise<Array<Surveyed<Answer>>> {
  const results = new Map<RunningServer, Surveyed<Answer>>();
  const askUser = async (uid: number | undefined): Promise<void> => {
    const { each, all } = uid === undefined ? own : OTHERS;
    const deadline = now() + all;
    const queue = servers.filter(({ owner }) => owner?.uid === uid);
    const askNext = async (): Promise<void> => {
      for (let server = queue.shift(); server !== undefined; server = queue.shift()) {
        const within = Math.min(each, deadline - now());
        const result = within > 0 ? await surveyed(server, () => ask(server, within)) : notAsked(server);
        if (result !== undefined) results.set(server, result);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  };
  await Promise.all([...new Set(servers.map(({ owner }) => owner?.uid))].map(askUser));
  const seen = new Set<string>();
  return servers.flatMap((server) => {
    const result = results.get(server);
    const key = keyOf(server);
    if (result === undefined || seen.has(key)) return [];
    seen.add(key);
    return [result];
  });
}

/** A text that is the same in every survey. */
export function keyOf({ name, owner }: RunningServer): string {
  return `${owner?.uid ?? ''} ${name}`;
}

/** @returns undefined for a server that has ended meanwhile. */
async function surveyed<Answer>(
  server: RunningServer,
  ask: () => Promise<Answer>,
): Promise<Surveyed<Answer> | undefined> {
  try {
    return { server, answer: await ask() };
  } catch (error) {
    // A field that is missing shows only when it is used. A user's answer must not hide the servers of others.
    if (!(error instanceof PreforkError)) {
      if (server.owner === undefined) throw error;
      return { server, reason: `${server.name} gave an answer that cannot be read` };
    }
    return error.code === 'ERR_NOT_RUNNING' ? undefined : { server, reason: error.message };
  }
}

function notAsked(server: RunningServer): Surveyed<never> {
  return { server, reason: `${server.name} was not asked: the others of its user took too long` };
}
