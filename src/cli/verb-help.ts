import { exitCodes } from '../errors.ts';
import type { ValueShape, VerbShape } from './verb-line.ts';
import { verbs, type VerbName } from './verbs.ts';

/** The text of `prefork <verb> --help`, at most 80 columns wide. */
export function verbHelp(
  verb: VerbName,
  { flags = {}, shortFlags = {}, values = {}, argument, isNameless = false }: VerbShape,
  details: string,
): string {
  const { usage, about } = verbs[verb];
  const shortOf = (flag: string): string => {
    const [short] = Object.entries(shortFlags).find(([, one]) => one === flag) ?? [];
    return short === undefined ? '   ' : `-${short},`;
  };
  const named = argument === undefined ? ' [<name>]' : ' [--name <name>]';
  const nameUsage = isNameless ? '' : named;
  const options: ReadonlyArray<readonly [option: string, meaning: string]> = [
    ...Object.entries(values).map(([name, row]) => [valueOption(name, row), row.about] as const),
    ...Object.entries(flags).map(([flag, meaning]) => [`${shortOf(flag)} --${flag}`, meaning] as const),
    ...(isNameless ? [] : [['-n, --name <name>', 'Which server. You may omit it while only one runs.'] as const]),
    ['-h, --help', 'Print this help.'],
  ];
  const column = Math.max(...options.map(([option]) => option.length)) + 3;
  const { ERR_NOT_DONE, ERR_NOT_RUNNING, ERR_PREFORK_USAGE } = exitCodes;
  const noServer = isNameless ? '' : `, ${ERR_NOT_RUNNING.exitCode} no such server running`;
  return `\
${about}

Usage: prefork ${usage}${nameUsage}

${details}

Options:
${options.map(([option, meaning]) => `  ${option.padEnd(column)}${meaning}`).join('\n')}

Exit codes: 0 done,  ${ERR_NOT_DONE.exitCode} failed, ${ERR_PREFORK_USAGE.exitCode} used wrongly${noServer}.
`;
}

function valueOption(name: string, { short, value }: ValueShape): string {
  return `${short === undefined ? '   ' : `-${short},`} --${name} <${value}>`;
}
