/** Reads the code blocks of the pages, so that tests can run them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.ts';

export interface Block {
  /** The page, from the root of the repository. */
  readonly page: string;
  /** The line of the page on which the block begins. */
  readonly line: number;
  /** The word after the fence; empty where there is none. */
  readonly language: string;
  readonly text: string;
}

/** All pages, from the root of the repository. */
export const pages: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `examples/${name}`),
];

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(({ index, 1: language, 2: body }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language: language!,
    text: body!,
  }));
}

/** All blocks of all pages but benchmarks.md: the bench writes that page, and its blocks are what the bench ran. */
export const blocks: readonly Block[] = pages.filter((page) => page !== 'docs/benchmarks.md').flatMap(blocksOf);

/** Names a block as editors do. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}

/**
 * The commands of a shell block, without comments, as words. A line ending in a backslash goes on in the next one. Each
 * part of a pipe or of a list is a command; where something is redirected to is left out.
 */
export function commandsOf(text: string): string[][] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  return lines.flatMap((line) =>
    partsOf(line.replace(/(^|\s)#.*$/, ''))
      .map(wordsOf)
      .filter((words) => words.length > 0),
  );
}

function partsOf(line: string): string[] {
  return line.split(/\s*(?:&&|\|\|?|;|(?<![>&])&(?![>&\d]))\s*/);
}

function wordsOf(command: string): string[] {
  const words = [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );
  const redirection = words.findIndex((word) => /^\d?>/.test(word));
  return redirection === -1 ? words : words.slice(0, redirection);
}
