import type { Finding, Level } from '../doctor/finding.ts';
import type { Color, Colorize } from './colors.ts';

const WIDTH = 80;
const colors: Readonly<Record<Level, Color>> = { ok: 'green', note: 'yellow', problem: 'red' };
const LEVEL = 'problem'.length + 2;

/** Formats the findings for people. Columns hold the level, the check and what was found; the advice stands below. */
export function doctorText(all: readonly Finding[], colorize: Colorize): string {
  const column = Math.max(0, ...all.map(({ check }) => check.length)) + 2;
  return [...all.flatMap((finding) => lines(finding, column, colorize)), '', summary(all), ''].join('\n');
}

function lines({ level, check, found, why, mend }: Finding, column: number, colorize: Colorize): string[] {
  const head = `${colorize(colors[level], level)}${' '.repeat(LEVEL - level.length)}${check.padEnd(column)}${found}`;
  if (level === 'ok') return [head];
  const indent = ' '.repeat(LEVEL + column);
  return [
    head,
    ...wrap(why, WIDTH - indent.length).map((line) => indent + line),
    ...mend.map((one) => `${indent}> ${one}`),
  ];
}

function summary(all: readonly Finding[]): string {
  const count = (level: Level): number => all.filter((finding) => finding.level === level).length;
  const [problems, notes] = [count('problem'), count('note')];
  if (problems + notes === 0) return 'Nothing here will hurt a server.';
  return `${plural(problems, 'problem')}, ${plural(notes, 'note')}.`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function wrap(text: string, width: number): string[] {
  const wrapped: string[] = [];
  for (const word of text.split(' ')) {
    const last = wrapped.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) wrapped.push(word);
    else wrapped[wrapped.length - 1] = `${last} ${word}`;
  }
  return wrapped;
}
