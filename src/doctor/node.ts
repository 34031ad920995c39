import { findings, type Check } from './finding.ts';

/** The oldest version that is supported. package.json has it too. */
const OLDEST = [20, 19] as const;

const version = findings('node', 'prefork is tested with Node 20.19 and newer.');

const nodeVersion: Check = ({ node }) => {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return isOld ? version.problem(node, 'install Node 20.19 or newer; 22.12 or newer is best') : version.ok(node);
};

const sharing = findings(
  'sharing',
  'With a socket for each worker the kernel spreads connections to the workers directly.',
);

/** The reason of the choice says what keeps the better modes from working. */
const sharingMode: Check = ({ platform, sharing: { mode, reason } }) => {
  if (mode === 'reuseport') return sharing.ok('reuseport, a socket for each worker');
  const how = mode === 'shared' ? 'one socket for all workers' : 'the primary accepts for all workers';
  return sharing.note(`${mode}, ${how}: ${reason}`, ...(platform === 'linux' ? ['install Node 22.12 or newer'] : []));
};

export const nodeChecks: readonly Check[] = [nodeVersion, sharingMode];
