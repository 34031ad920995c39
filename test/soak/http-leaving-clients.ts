/**
 * Sends 100,000 requests of clients that leave, half-close, reset and read slowly at random moments, to handlers of
 * every kind:
 *
 *     node out/test/soak/http-leaving-clients.js [--requests 100000] [--seed 1] [--seconds 900] [--server node20]
 *
 * It fails when an error is uncaught or logged, when an answer looks whole and is not, and when a client that stays
 * misses an answer. It also fails when descriptors, requests, memory for bodies or the heap do not return to their
 * earlier values. The client needs Node 24, because older ones treat a reset that comes with the last bytes as an end.
 * `--server` is the path of another Node for the server.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../support/random.ts';
import { serveEverything, type ServerState } from './http/everything.ts';
import { visit, type Verdict } from './http/visitor.ts';

const CLIENTS = 100;
const WARM_UP = 5000;
/** The growth of the heap that is allowed, for code that is compiled late and caches that fill. */
const MOST_GROWTH_MB = 8;
/** The time within which the rest may end: a handler that waits, a client that lingers, and a tick. */
const SETTLING_MS = 10_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '900' },
      server: { type: 'string', default: process.execPath },
    },
  });
  const over = performance.now() + Number(values.seconds) * 1000;
  const options = { execPath: values.server, execArgv: ['--expose-gc'] };
  const server = fork(fileURLToPath(import.meta.url), ['server'], options);
  const [ports] = (await once(server, 'message')) as [number[]];
  const random = new Random(Number(values.seed));
  const warmUp = await visitAll(ports, random, WARM_UP, over);
  const before = await settled(server);
  const begun = performance.now();
  const verdicts = await visitAll(ports, random, Number(values.requests), over);
  const seconds = (performance.now() - begun) / 1000;
  const after = await settled(server);
  server.disconnect();
  report(verdicts, seconds);
  console.log(`server before: ${JSON.stringify(before)}\nserver after:  ${JSON.stringify(after)}`);
  const faults = [...warmUp.faults, ...verdicts.faults, ...changes(before, after)];
  for (const fault of faults.slice(0, 20)) console.log(`FAULT ${fault}`);
  console.log(faults.length === 0 ? 'ok' : `${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

interface Verdicts {
  requests: number;
  connections: number;
  whole: number;
  broken: number;
  unanswered: number;
  readonly byBehaviour: Map<string, number>;
  readonly faults: string[];
}

async function visitAll(ports: readonly number[], random: Random, requests: number, over: number): Promise<Verdicts> {
  const verdicts: Verdicts = {
    requests: 0,
    connections: 0,
    whole: 0,
    broken: 0,
    unanswered: 0,
    byBehaviour: new Map(),
    faults: [],
  };
  const client = async (): Promise<void> => {
    while (verdicts.requests < requests && performance.now() < over) add(verdicts, await visit(ports, random));
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  if (verdicts.requests < requests) verdicts.faults.push(`${verdicts.requests} requests within the time`);
  return verdicts;
}

function add(verdicts: Verdicts, verdict: Verdict): void {
  verdicts.connections++;
  verdicts.requests += verdict.requests;
  verdicts.whole += verdict.whole;
  verdicts.broken += verdict.broken;
  verdicts.unanswered += verdict.requests - verdict.whole - verdict.broken;
  verdicts.byBehaviour.set(verdict.behaviour, (verdicts.byBehaviour.get(verdict.behaviour) ?? 0) + 1);
  verdicts.faults.push(...verdict.faults);
}

function report(verdicts: Verdicts, seconds: number): void {
  const { requests, connections, whole, broken, unanswered, byBehaviour } = verdicts;
  console.log(
    `${requests} requests on ${connections} connections in ${seconds.toFixed(0)} s, on Node ${process.version}`,
  );
  console.log(`answers: ${whole} whole, ${broken} visibly broken, ${unanswered} of clients that had left`);
  console.log(`connections: ${[...byBehaviour].map(([behaviour, count]) => `${count} ${behaviour}`).join(', ')}`);
}

/** Waits until nothing is under way any more, or the time for that is over. */
async function settled(server: ChildProcess): Promise<ServerState> {
  const over = performance.now() + SETTLING_MS;
  for (;;) {
    server.send('state');
    const [state] = (await once(server, 'message')) as [ServerState];
    const isQuiet = state.connections === 0 && state.inFlight === 0;
    if (isQuiet || performance.now() > over) return state;
    await new Promise((resolve) => void setTimeout(resolve, 200));
  }
}

function changes(before: ServerState, after: ServerState): string[] {
  const faults = [before, after].flatMap(({ uncaught, logged }) => [...uncaught, ...logged]);
  for (const name of ['descriptors', 'connections', 'inFlight'] as const) {
    if (after[name] > before[name]) faults.push(`${name}: ${before[name]} before, ${after[name]} after`);
  }
  if (after.heapMB - before.heapMB > MOST_GROWTH_MB) faults.push(`heap: ${before.heapMB} MB, then ${after.heapMB} MB`);
  return faults;
}

await (process.argv[2] === 'server' ? serveEverything() : main());
