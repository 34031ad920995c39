/**
 * A process with a control socket and nothing behind it, for tests of the commands. Its environment has CONTROL_NAME,
 * its name, and CONTROL_ANSWER: the outcome of every operation as JSON, or a word for what it does instead of
 * answering.
 */
import { ControlServer } from '../../src/control/server.ts';
import type { Outcome } from '../../src/contract/outcome.ts';
import { PreforkError } from '../../src/errors.ts';
import { FakeControls } from './fake-controls.ts';

const { CONTROL_NAME, CONTROL_DEFAULT_NAME, CONTROL_ANSWER } = process.env;
const name = CONTROL_NAME ?? CONTROL_DEFAULT_NAME ?? 'fake';

const log = (line: string): void => void process.stderr.write(`prefork: ${line}\n`);

const instead: Record<string, () => Promise<Outcome>> = {
  die: () => process.kill(process.pid, 'SIGKILL') && new Promise(() => {}),
  hang: () => new Promise(() => {}),
  throw: () => Promise.reject(new Error('a fault in the fake')),
};

const controls = new FakeControls(name);
let end: () => void;
const ending = new Promise<void>((resolve) => (end = resolve));
process.once('SIGTERM', end!);

if (CONTROL_ANSWER !== undefined) {
  const answer = instead[CONTROL_ANSWER] ?? (async () => JSON.parse(CONTROL_ANSWER) as Outcome);
  controls.answers = { reload: answer, scale: answer, stop: answer, upgrade: answer };
} else {
  controls.answers.stop = async () => {
    end();
    return { ok: true, generation: 1, workers: 0, took: 7 };
  };
}

try {
  const server = await ControlServer.open({ controls, name, isNameGiven: CONTROL_NAME !== undefined });
  log(`ready name=${server.name}`);
  await ending;
  await server.close();
  log(`ended calls=${JSON.stringify(controls.calls.join(', '))}`);
} catch (error) {
  if (!(error instanceof PreforkError)) throw error;
  log(`failed: ${error.message} code=${error.code}`);
  process.exitCode = error.exitCode;
}
