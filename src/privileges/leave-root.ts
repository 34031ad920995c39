/**
 * Privilege separation. With `--user`, the primary becomes that user for good, before it loads the application, its
 * config file or a library of its directory. Only one task still needs root: to bind a port below 1024. A small process
 * keeps the right to do so, the binder.
 *
 *     root's terminal ── pipes ── primary (the user) ── workers (the user, each in a session of its own)
 *                                   │
 *                                 binder (root): "bind this address", and the answer is a handle
 */
import { fileURLToPath } from 'node:url';
import { UsageError } from '../errors.ts';
import { resolveAccount, type Account, type AccountSettings } from './account.ts';
import { become, closeInspectorDoor } from './become.ts';
import { Binder, program as BINDER } from './binder.ts';
import { filesOfFlags, filesOfVariables } from './node-flags.ts';
import { outputsOf } from './node-outputs.ts';
import { PortPolicy } from './privileged-ports.ts';
import { refuseRootsInspector } from './root-inspector.ts';
import { prepareRuntimeDirectory } from './runtime-directory.ts';
import { leaveTerminal } from './session.ts';
import { leaveInput } from './standard-input.ts';
import { partOfOthers, writablePart } from './writable.ts';

export interface RootSettings extends AccountSettings {
  /** The privileged ports that may be bound; undefined for those of the first start. */
  readonly bind: readonly number[] | undefined;
}

/**
 * Gives up root's rights. The function does nothing where no user or group is given, or where this process runs as them
 * already.
 *
 * @param whileRoot the work that still needs root's rights, in the process that goes on. The function tells it which
 *   files root may read: where the account, or a third user, may change the way to a file, that user would choose what root reads.
 * @returns the binder, where the user may not bind every port itself.
 * @throws UsageError when there is no such account, this is not root, its inspector is open, or the account could change what root runs.
 */
export async function leaveRoot(
  settings: RootSettings,
  whileRoot: (mayRead: (file: string) => boolean) => void = () => {},
): Promise<Binder | undefined> {
  if (settings.user === undefined && settings.group === undefined) return undefined;
  closeInspectorDoor();
  // Other programs are asked who the user is, which takes time.
  if (settings.user !== undefined && process.geteuid?.() === 0) refuseRootsInspector();
  const account = resolveAccount(settings);
  if (account === undefined) return undefined;
  if (account.uid !== 0) {
    refuseWritable(account);
    await leaveTerminal();
    await leaveInput();
    prepareRuntimeDirectory(account, process.env['PREFORK_RUNTIME_DIR'] || undefined);
  }
  const binder = account.uid === 0 || new PortPolicy(settings.bind).isVoid ? undefined : Binder.start(settings.bind);
  whileRoot((file) => account.uid === 0 || (writablePart(file, account) ?? partOfOthers(file)) === undefined);
  become(account);
  return binder;
}

/**
 * Refuses a start when the account may write to files that root has loaded, or would load at the next start. Such files
 * would make the account root. So it does when the account may choose what root writes over.
 *
 * @throws UsageError
 */
function refuseWritable(account: Account): void {
  const own = [process.execPath, process.argv[1]!, fileURLToPath(import.meta.url), BINDER];
  const loaded = [...filesOfFlags(process.execArgv, process.env['NODE_OPTIONS']), ...filesOfVariables(process.env)];
  for (const file of [...own, ...loaded]) {
    const part = writablePart(file, account);
    if (part === undefined) continue;
    throw new UsageError(
      `--user: uid ${account.uid} may change ${part}, which root runs: give it to root, or install prefork and node elsewhere`,
    );
  }
  for (const { by, path } of outputsOf(process.execArgv, process.env)) {
    const part = writablePart(path, account);
    if (part === undefined) continue;
    throw new UsageError(
      `--user: uid ${account.uid} may change ${part}, and ${by} may have root write there: give ${by} to the workers alone, by ${by.startsWith('-') ? '--node-arg' : '--env-file'}, or have it name a place of root’s, or start in one`,
    );
  }
}

/**
 * Refuses a config file that names the user, when root has read it and another user could change it. Without the name in
 * it the server would run as root, or as any user that is named instead.
 *
 * @throws UsageError when that user, or a third one, could have changed it.
 */
export function refuseWritableConfig(file: string, settings: AccountSettings): void {
  const account = resolveAccount(settings);
  if (account === undefined || account.uid === 0) return;
  const own = writablePart(file, account);
  const part = own ?? partOfOthers(file);
  if (part === undefined) return;
  const who = own === undefined ? 'another user than root' : `uid ${account.uid}`;
  throw new UsageError(
    `user: ${who} may change ${part}, and so change the user that the server runs as: give --user on the command line`,
  );
}
