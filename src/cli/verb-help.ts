import { exitCodes } from '../errors.ts';
import type { VerbShape } from './verb-line.ts';
import { verbs } from './verbs.ts';

/** Where the text begins. */
const COLUMN = 22;

/** What `prefork <verb> --help` prints: at most 80 columns wide. */
export function verbHelp(
  verb: keyof typeof verbs,
  { flags = {}, values = {}, isNameless = false }: VerbShape,
  details: string,
): string {
  const { usage, about } = verbs[verb]!;
  const options = [
    ...Object.entries(values).map(([name, { short, value, about: meaning }]) =>
      optionLine(`${short === undefined ? '   ' : `-${short},`} --${name} <${value}>`, meaning),
    ),
    ...Object.entries(flags).map(([flag, meaning]) => optionLine(`    --${flag}`, meaning)),
    ...(isNameless ? [] : [optionLine('-n, --name <name>', 'Which server. Not needed while only one runs.')]),
    optionLine('-h, --help', 'Print this help.'),
  ];
  const { ERR_NOT_DONE, ERR_NOT_RUNNING, ERR_PREFORK_USAGE } = exitCodes;
  const noServer = isNameless ? '' : `, ${ERR_NOT_RUNNING.exitCode} no such server runs`;
  return `\
${about}

Usage: prefork ${usage}${isNameless ? '' : ' [--name <name>]'}

${details}

Options:
${options.join('\n')}

Exit codes: 0 done, ${ERR_NOT_DONE.exitCode} failed, ${ERR_PREFORK_USAGE.exitCode} used wrongly${noServer}.
`;
}

function optionLine(option: string, meaning: string): string {
  return `  ${option}`.padEnd(COLUMN) + meaning;
}
