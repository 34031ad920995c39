import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PreforkError, UsageError } from '../../errors.ts';
import { resolveEntry } from '../../options/launch/entry.ts';
import { loadConfig } from '../../options/index.ts';
import { quote } from '../../options/quote.ts';
import { findUser } from '../../privileges/account-database.ts';
import { refuseCodeOfOthers } from '../../privileges/read-again.ts';
import { readForRoot } from '../../privileges/read-for-root.ts';
import { complain, print } from '../print.ts';
import { literal, literalArgument, unitText } from '../unit/unit-text.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  isNameless: true,
  argument: 'the entry of a server',
  flags: {
    user: "For a user's own service manager (systemctl --user).",
    check: 'Have systemd-analyze check the unit.',
  },
  values: { as: { value: 'user', about: 'Who they run as. Default: who owns this directory.' } },
};

const help = `\
Prints prefork@.service, one unit for any number of servers. Where the config
file here has apps, prefork@shop runs the app named shop. Else it runs what is
in the directory shop beside this one: the entry given here, or its config file's.`;

/** How long systemd-analyze may take. */
const CHECK_TIMEOUT_MS = 30_000;

/** `prefork unit [--user] [<entry>]` prints a systemd template unit. */
export async function unit(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('unit', shape, help));
    return 0;
  }
  const isUser = line.flags.has('user');
  const { directory, args } = await started(process.cwd(), line.argument);
  const account = isUser ? { name: userInfo().username, uid: userInfo().uid } : accountOf(line.values.get('as'));
  const command = realpathSync(process.argv[1]!);
  const text = unitText({ isUser, node: process.execPath, command, directory, args, account });
  if (line.flags.has('check')) check(text, isUser);
  print(text);
  return 0;
}

/** Finds what the unit starts, and where. */
async function started(cwd: string, entry: string | undefined): Promise<{ directory: string; args: string[] }> {
  const config = await loadConfig(cwd, undefined, undefined, refuseCodeOfOthers, readForRoot);
  if (config?.values.apps !== undefined) {
    if (entry !== undefined) {
      throw new UsageError(`${basename(config.file)}: has apps; expected no entry, got ${quote(entry)}`);
    }
    return {
      directory: literal(cwd),
      args: ['--config', literalArgument(config.file), '--app', '%i'],
    };
  }
  if (entry !== undefined) resolveEntry(entry, cwd, [], readForRoot);
  else if (config?.values.entry === undefined) {
    throw new UsageError('expected an entry, or a config file here that names one; usage: prefork unit <entry>');
  }
  const parent = literal(dirname(cwd));
  return {
    directory: join(parent, '%i'),
    args: ['--name', '%i', ...(entry === undefined ? [] : [literalArgument(entry)])],
  };
}

function accountOf(name: string | undefined): { name: string; uid: number } {
  const { uid: owner } = statSync('.');
  const found = findUser(name ?? owner);
  if (found === undefined) throw new UsageError(`--as: expected a user of this machine, got ${quote(name ?? owner)}`);
  if (found.uid === 0) {
    const who = name === undefined ? 'root, who owns this directory' : 'root';
    throw new UsageError(`--as: expected the application's own user, got ${who}`);
  }
  return { name: found.name ?? String(found.uid), uid: found.uid };
}

/**
 * Has systemd check the unit.
 *
 * @throws PreforkError `ERR_NOT_DONE` with what systemd says.
 */
function check(text: string, isUser: boolean): void {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-unit-'));
  try {
    const file = join(directory, 'prefork@.service');
    writeFileSync(file, text);
    const { error, status, stderr } = spawnSync('systemd-analyze', [...(isUser ? ['--user'] : []), 'verify', file], {
      encoding: 'utf8',
      timeout: CHECK_TIMEOUT_MS,
      // `--user` needs the directory, and outside of a session there is none.
      env: { ...process.env, XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? directory },
    });
    if (error !== undefined) throw new PreforkError('ERR_NOT_DONE', `systemd-analyze cannot be run: ${error.message}`);
    if (status !== 0)
      throw new PreforkError('ERR_NOT_DONE', `systemd-analyze does not take the unit:\n${stderr.trimEnd()}`);
    if (stderr.trim() !== '') complain(`systemd-analyze notes:\n${stderr.trimEnd()}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
