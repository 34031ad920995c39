import { readFileSync, readdirSync } from 'node:fs';
import { fixture } from '../../../support/paths.ts';

const folder = fixture('../llhttp/');

/** A parser's result for some bytes: each message, and how it ended. */
export interface Reading {
  readonly messages: Message[];
  /** Whether the last message is complete, or nothing of it came. */
  verdict: 'complete' | 'incomplete' | 'refused';
}

export interface Message {
  line: string;
  fields: string[];
  body: string;
  /** The place where the next message may begin. */
  end: number;
}

export interface Case {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expected: Reading;
}

/** Returns the cases of nodejs/llhttp that need no lenient mode, from its Markdown. */
export function cases(): Case[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .flatMap((file) => casesOf(file, readFileSync(`${folder}${file}`, 'utf8')));
}

const CASE = /<!-- meta=(\{.*?\}) -->\s*```http\n([^]*?)```[^]*?```log\n([^]*?)```/g;

function casesOf(file: string, text: string): Case[] {
  return [...text.matchAll(CASE)].flatMap((match) => {
    const { type, skipBody } = JSON.parse(match[1]!) as { type: string; skipBody?: boolean };
    // A caller of llhttp may say that a message has no body whatever its head says. Ours has no such function.
    if (skipBody || (type !== 'request' && type !== 'request-finish')) return [];
    const heading = [...text.slice(0, match.index).matchAll(/^#+ (.*)$/gm)].at(-1)![1]!;
    const bytes = inputOf(match[2]!);
    return [{ name: `${file}: ${heading}`, bytes, expected: expectedOf(match[3]!, bytes) }];
  });
}

/** Reads the input as llhttp's own runner does (test/md-test.ts): the last line end belongs to the Markdown. */
function inputOf(block: string): Buffer {
  const text = block
    .replace(/\n$/, '')
    .replaceAll('\n', '\r\n')
    .replaceAll('\\\r\n', '')
    .replaceAll(/\\r|\\n|\\t|\\f|\\([0-7]{1,3})|\\x([0-9a-f]+)/gi, (all, octal?: string, hex?: string) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return { '\\r': '\r', '\\n': '\n', '\\t': '\t', '\\f': '\f' }[all]!;
    });
  return Buffer.from(text);
}

/** Reads from the log only what concerns HTTP: the messages, their fields and body, where they end, and how it ends. */
function expectedOf(log: string, bytes: Buffer): Reading {
  const reading: Reading = { messages: [], verdict: 'incomplete' };
  let span = { method: '', url: '', version: '', field: '', value: '', body: '' };
  let message: Message | undefined;
  for (const line of log.split('\n')) {
    const piece = /^off=(\d+) len=(\d+) span\[(\w+)\]/.exec(line);
    if (piece !== null) {
      const text = bytes.toString('latin1', Number(piece[1]), Number(piece[1]) + Number(piece[2]));
      if (piece[3] === 'method') span.method += text;
      if (piece[3] === 'url') span.url += text;
      if (piece[3] === 'version') span.version += text;
      if (piece[3] === 'header_field') span.field += text;
      if (piece[3] === 'header_value') span.value += text;
      if (piece[3] === 'body' && message !== undefined) message.body += text;
      continue;
    }
    const at = Number(/^off=(\d+)/.exec(line)?.[1]);
    if (line.includes('message begin')) {
      span = { method: '', url: '', version: '', field: '', value: '', body: '' };
      message = { line: '', fields: [], body: '', end: 0 };
      reading.verdict = 'incomplete';
    } else if (line.includes('header_value complete')) {
      message!.fields.push(`${span.field}: ${span.value.trim()}`);
      span.field = span.value = '';
    } else if (line.includes('headers complete')) message!.line = `${span.method} ${span.url} ${span.version}`;
    else if (line.includes('message complete')) {
      reading.messages.push({ ...message!, end: at });
      reading.verdict = 'complete';
    } else if (/error code=22/.test(line)) reading.verdict = 'complete';
    else if (/error code=(?!21|22\b)/.test(line)) reading.verdict = 'refused';
  }
  return reading;
}
