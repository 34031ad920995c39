/** Checks the places that prefork writes to. */
import { findings, type Check } from './finding.ts';

const MB = 1024 * 1024;

/** The largest scoreboard there is takes 4 MB. */
const ENOUGH_BYTES = 8 * MB;

const shm = findings(
  '/dev/shm',
  'Every worker writes to the scoreboard four times a second. Here it never touches a disk.',
);

const sharedMemory: Check = ({ platform, space }) => {
  if (platform !== 'linux') return undefined;
  const found = space('/dev/shm');
  if (found === undefined) {
    return shm.note(
      'not writable, so the temporary directory is used',
      'in Docker: docker run --tmpfs /dev/shm:size=64m',
    );
  }
  const text = `${Math.floor(found.free / MB)} of ${Math.floor(found.size / MB)} MB free`;
  return found.free >= ENOUGH_BYTES
    ? shm.ok(text)
    : shm.problem(text, 'remove the files that fill it: ls -la /dev/shm', 'in Docker: docker run --shm-size 128m');
};

const control = findings(
  'control socket',
  'prefork status, reload, scale, stop and upgrade talk to the server through a socket there.',
);

const controlDirectory: Check = ({ platform, control: { path, problem } }) => {
  if (platform === 'win32') return undefined;
  if (problem === undefined) return control.ok(path);
  return control.problem(problem, 'or choose another place: PREFORK_RUNTIME_DIR=<a directory of your own>');
};

export const placeChecks: readonly Check[] = [sharedMemory, controlDirectory];
