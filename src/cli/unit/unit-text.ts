/** The text of a systemd template unit. The module is pure, so that tests can compare text. */
import { UsageError } from '../../errors.ts';
import { quote } from '../../options/quote.ts';

export interface UnitFacts {
  /** True for a unit of a user's own service manager (`systemctl --user`). */
  readonly isUser: boolean;
  /** The absolute path of node. */
  readonly node: string;
  /** The absolute path of the prefork command. */
  readonly command: string;
  /** The working directory, as `literal` has it; `%i` in it is the name of the instance. */
  readonly directory: string;
  /** The arguments of prefork, as `literalArgument` has them; `%i` in them is the name of the instance. */
  readonly args: readonly string[];
  /** The user that the servers run as. */
  readonly account: { readonly name: string; readonly uid: number };
}

/**
 * Formats `prefork@.service`.
 *
 * @throws UsageError for a path in which a line ends: what follows would be lines of the unit, which root's systemd obeys.
 */
export function unitText({ isUser, node, command, directory, args, account }: UnitFacts): string {
  const bad = [node, command, directory, account.name, ...args].find((text) => /\p{Cc}/u.test(text));
  if (bad !== undefined) throw new UsageError(`unit: expected a path without control characters, got ${quote(bad)}`);
  const run = `${quoted(literal(node))} ${quoted(literalArgument(command))}`;
  const start = [run, ...args.map((arg) => quoted(arg))].join(' ');
  const file = isUser ? '~/.config/systemd/user/prefork@.service' : '/etc/systemd/system/prefork@.service';
  const systemctl = isUser ? 'systemctl --user' : 'systemctl';
  const put = isUser ? `prefork unit --user > ${file}` : `prefork unit | sudo tee ${file}`;
  const own = isUser ? [] : ownLines(account);
  return `\
# ${put}
# ${systemctl} daemon-reload
# ${systemctl} enable --now prefork@<name>      starts the server of that name, now and at each boot
# ${systemctl} reload prefork@<name>            returns when its new workers serve

[Unit]
Description=%i, run by prefork
${isUser ? '' : 'After=network-online.target\nWants=network-online.target\n'}
[Service]
# Started when every worker serves. prefork tells systemd by its command systemd-notify, hence "all".
Type=notify
NotifyAccess=all
WorkingDirectory=${lineOf(directory)}
ExecStart=${start}
# A plain signal would return before the new workers serve.
ExecReload=${run} reload --name %i
Environment=NODE_ENV=production
${own.map((line) => `${line}\n`).join('')}
# After a fault, and when a primary hangs for so long. Not after exit code 2, a bad option or a missing file.
Restart=on-failure
RestartSec=1s
RestartPreventExitStatus=2
WatchdogSec=30s
# prefork replaces a worker that the kernel has killed for its memory. The default would stop all of them.
OOMPolicy=continue

# SIGTERM goes to the primary, which drains its workers; what is left when time is up is killed.
KillMode=mixed
# Longer than --shutdown-grace-period (10s) and --ready-timeout (30s).
TimeoutStopSec=20s
TimeoutStartSec=45s
LimitNOFILE=262144
NoNewPrivileges=yes

[Install]
WantedBy=${isUser ? 'default.target' : 'multi-user.target'}
`;
}

/** The lines that only root's service manager can have. */
function ownLines({ name, uid }: UnitFacts['account']): string[] {
  return [
    `User=${literal(name)}`,
    '# The control sockets of this user: `prefork list` finds them there, as that user and as root. All instances share it.',
    `RuntimeDirectory=prefork-${uid}`,
    'RuntimeDirectoryMode=0700',
    'RuntimeDirectoryPreserve=yes',
  ];
}

/** Escapes a value: a percent sign would be a specifier (systemd.unit(5)). */
export function literal(text: string): string {
  return text.replaceAll('%', '%%');
}

/** Escapes an argument of a command: in it a dollar sign would be a variable, which it is not in the command's own path (systemd.service(5)). */
export function literalArgument(text: string): string {
  return literal(text).replaceAll('$', '$$$$');
}

/** A path that is no command has no quotes, but its line must not go on in the next one, nor lose a space at its end. */
function lineOf(path: string): string {
  return /[\\ ]$/.test(path) ? `${path}/` : path;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./$-]+$/.test(text) ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"`;
}
