/**
 * Privilege separation. With `--user`, root's rights are gone before the application's first line, its config file, or a library
 * of its directory is loaded: the primary itself becomes that user, for good. One thing needs root afterwards, a port below
 * 1024, and one small process keeps the right to it: the binder.
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
import { PortPolicy } from './privileged-ports.ts';
import { prepareRuntimeDirectory } from './runtime-directory.ts';
import { leaveTerminal } from './session.ts';
import { writablePart } from './writable.ts';

export interface RootSettings extends AccountSettings {
  /** The privileged ports that may be bound; undefined: those of the first start. */
  readonly bind: readonly number[] | undefined;
}

/**
 * Does nothing where no user or group is given, or where this process runs as them already.
 *
 * @param whileRoot what is left to do with root's rights, in the process that goes on. It is told which files root may read:
 *   where the account may change the way to one, it would choose what root reads.
 * @returns the binder, where the user may not bind every port itself.
 * @throws UsageError when there is no such account, this is not root, or the account could change what root runs.
 */
export async function leaveRoot(
  settings: RootSettings,
  whileRoot: (mayRead: (file: string) => boolean) => void = () => {},
): Promise<Binder | undefined> {
  if (settings.user === undefined && settings.group === undefined) return undefined;
  closeInspectorDoor();
  const account = resolveAccount(settings);
  if (account === undefined) return undefined;
  if (account.uid !== 0) {
    refuseWritable(account);
    await leaveTerminal();
    prepareRuntimeDirectory(account, process.env['PREFORK_RUNTIME_DIR'] || undefined);
  }
  const binder = account.uid === 0 || new PortPolicy(settings.bind).isVoid ? undefined : Binder.start(settings.bind);
  whileRoot((file) => account.uid === 0 || writablePart(file, account) === undefined);
  become(account);
  return binder;
}

/**
 * What root has loaded by now, and what it would load at the next start: the account's own files among them make it root.
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
}

/**
 * A config file that names the user was read by root.
 *
 * @throws UsageError when the user could have changed it: a name taken out of it would make the server root's.
 */
export function refuseWritableConfig(file: string, settings: AccountSettings): void {
  const account = resolveAccount(settings);
  const part = account && account.uid !== 0 ? writablePart(file, account) : undefined;
  if (part === undefined) return;
  throw new UsageError(
    `user: uid ${account!.uid} may change ${part}, and by it who the server runs as: say --user on the command line`,
  );
}
