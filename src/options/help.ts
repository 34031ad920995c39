import { exitCodes } from '../errors.ts';
import { placeholder } from './shape.ts';
import { flagName, isSettingKey, optionKeys, optionRows, variableName, type OptionKey } from './table.ts';

const WIDTH = 80;
/** The column of the text. The longest flag with a short value fits before it. */
const COLUMN = 38;
/** The column of the text beside commands, which are short. */
const COMMAND_COLUMN = 22;

const signals: ReadonlyArray<readonly [string, string]> = [
  ['TERM, INT', 'stop after requests in flight; a second one stops at once'],
  ['HUP', 'reload: replace the workers; if that fails, the old ones stay'],
  ['TTIN, TTOU', 'run one worker more, one fewer'],
  ['USR2', 'upgrade: replace the primary itself'],
];

const examples = [
  'prefork server.js',
  'prefork --workers 4 server.js --port 8080',
  'PREFORK_WORKERS=2 prefork --log-format json server.js',
];

/** Describes one subcommand, such as `scale`, in the help text. */
export interface CommandHelp {
  /** For example `scale <n|+n|-n>`. */
  readonly usage: string;
  /** The help of the command, in one or two sentences. */
  readonly about: string;
}

/** The text of `prefork --help`: plain, at most 80 columns wide. */
export function helpText(version: string, commands: readonly CommandHelp[]): string {
  const codes = Object.entries(exitCodes).map(([code, { exitCode, meaning }]) => exitLine(exitCode, code, meaning));
  return `\
prefork ${version}: runs any Node.js server on every core and keeps it running.

Usage: prefork [options] <entry> [arguments]
       prefork <command> [--name <name>]

Arguments after the entry are passed on to it untouched.

Commands for a running server (see prefork <command> --help):
${commands.map(commandLines).join('\n')}

To run an entry that has such a name, write ./status.

Options:
${[...optionKeys.map(optionLines), ...commandFlags()].join('\n')}

A time is a whole number with a unit: 500ms, 10s, 2m, 1h. So is a size: 64kb,
512mb, 2gb. A flag overrides its variable (PREFORK_...), which overrides the
config file, which has the same options in camelCase (readyTimeout), and entry
and args.

Signals:
${signals.map(([names, meaning]) => `  ${names.padEnd(11)}${meaning}`).join('\n')}

Exit codes:
${[exitLine(0, '', 'stopped as asked'), ...codes].join('\n')}

Examples:
${examples.map((example) => `  ${example}`).join('\n')}
`;
}

function commandLines({ usage, about }: CommandHelp): string {
  return columns(`  ${usage}`, wrap(about, WIDTH - COMMAND_COLUMN), COMMAND_COLUMN);
}

function optionLines(key: OptionKey): string {
  const row = optionRows[key];
  const notes = [
    ...(row.default === undefined ? [] : [`default ${row.default}`]),
    ...(isSettingKey(key) ? [variableName(key)] : []),
  ];
  return flagText(row.short, `--${flagName(key)}${placeholder(row)}`, [...wrap(row.about), ...wrap(notes.join(', '))]);
}

function commandFlags(): string[] {
  return [flagText('h', '--help', ['Print this help.']), flagText('v', '--version', ['Print the version.'])];
}

/** Places the flag beside its text, or above it where the flag is too long. */
function flagText(short: string | undefined, long: string, text: readonly string[]): string {
  const flag = `  ${short === undefined ? '   ' : `-${short},`} ${long}`;
  return columns(flag, text, COLUMN);
}

function columns(left: string, text: readonly string[], column: number): string {
  const head = left.length + 2 > column ? [left] : [];
  const lines = text.map((line, index) => (index === 0 && head.length === 0 ? left : '').padEnd(column) + line);
  return [...head, ...lines].join('\n');
}

function wrap(text: string, width: number = WIDTH - COLUMN): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function exitLine(exitCode: number, code: string, meaning: string): string {
  return `  ${String(exitCode).padStart(2)}  ${code.padEnd(24)}${meaning}`;
}
