import type { Readable } from 'node:stream';
import { parseLine, type OutputLine } from './log.ts';

/** Splits a stream into lines. */
export function readLines(stream: Readable, onLine: (line: OutputLine) => void): void {
  let unfinished = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop()!;
    for (const line of lines) onLine(parseLine(line, Date.now()));
  });
  stream.once('end', () => {
    if (unfinished !== '') onLine(parseLine(unfinished, Date.now()));
  });
}
