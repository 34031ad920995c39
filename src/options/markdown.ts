import { expectedValue, placeholder } from './shape.ts';
import {
  flagName,
  isSettingKey,
  optionKeys,
  optionRows,
  variableName,
  type OptionKey,
  type OptionRow,
} from './table.ts';

const heading = ['Option', 'Flag', 'Variable', 'Value', 'Default', 'Meaning'];

/** The table of options in docs/configuration.md. */
export function optionsMarkdown(): string {
  const rows = [heading, heading.map(() => '---'), ...optionKeys.map(cells)];
  return rows.map((row) => `| ${row.map(escape).join(' | ')} |\n`).join('');
}

/** The rows that say what it takes to change an option, in docs/configuration.md. */
export function waysMarkdown(): string {
  const row = (applies: OptionRow['applies'], how: string): string => {
    const keys = optionKeys.filter((key) => optionRows[key].applies === applies);
    return `| ${keys.map(code).join(', ')} | ${how} |\n`;
  };
  return row('upgrade', '`prefork upgrade`') + row('restart', 'stop the server, and start it again');
}

function cells(key: OptionKey): string[] {
  const row = optionRows[key];
  const flags = [`--${flagName(key)}${placeholder(row)}`, ...(row.short === undefined ? [] : [`-${row.short}`])];
  return [
    isSettingKey(key) ? code(key) : '',
    flags.map(code).join(', '),
    isSettingKey(key) ? code(variableName(key)) : '',
    expectedValue(row),
    row.default === undefined ? '' : code(String(row.default)),
    row.about,
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Escapes bars, because a bar ends the cell of a table even between backticks. */
function escape(cell: string): string {
  return cell.replaceAll('|', '\\|');
}
