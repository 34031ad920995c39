/** Finds what a reader types: the commands of the blocks, one after another, and those that the text of a page names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.ts';
import { blocks, commandsOf, pages, type Block } from './blocks.ts';

/** A command of a page. */
export interface Typed {
  readonly words: readonly string[];
  /** The lines that the page shows beneath it. */
  readonly shown: readonly string[];
}

/** The commands of a block, by its language. Blocks of other languages have none. */
const readers: Readonly<Record<string, (block: Block) => Typed[]>> = {
  sh(block) {
    const commands = unshown(block.text);
    const last = commands.pop();
    return last === undefined ? [] : [...commands, { ...last, shown: logBeneath(block) }];
  },
  console: ({ text }) =>
    text.split(/^\$ /m).flatMap((part) => {
      const [line = '', ...shown] = linesOf(part);
      return commandsOf(line).map((words) => ({ words, shown }));
    }),
  ini: ({ text }) => [...text.matchAll(/^Exec\w+=(.*)$/gm)].flatMap(([, line]) => unshown(line!)),
  yaml: ({ text }) => [...text.matchAll(/^# (prefork .*)$/gm)].flatMap(([, line]) => unshown(line!)),
};

/** What is typed of a block, in order. */
export function typedIn(block: Block): Typed[] {
  return readers[block.language]?.(block) ?? [];
}

/** The commands of prefork that the texts of the pages have between backticks. It leaves out where their output goes. */
export function namedInTexts(): Typed[] {
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
    return [...text.matchAll(/`((?:npx )?prefork [^`]+)`/g)].map(([, command]) => ({
      // A table has its bars behind backslashes.
      words: command!.replaceAll('\\|', '|').replace(/ >.*$/, '').split(/\s+/),
      shown: [],
    }));
  });
}

/** A command as the pages have it. */
export function textOf({ words }: Typed): string {
  return words.join(' ');
}

function unshown(text: string): Typed[] {
  return commandsOf(text).map((words) => ({ words, shown: [] }));
}

/** The lines of the log that follow a block without a word between. */
function logBeneath({ page, line, text }: Block): string[] {
  const next = line + text.split('\n').length + 2;
  const below = blocks.find((other) => other.page === page && other.line === next);
  return below?.language === 'log' ? linesOf(below.text) : [];
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
