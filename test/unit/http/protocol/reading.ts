import { PLACES, type HeadReader } from '../../../../src/http/protocol/head-reader.ts';
import { Parser } from '../../../../src/http/protocol/parser.ts';
import { DATA, END, FAILED, HEAD, NEED } from '../../../../src/http/protocol/parser-events.ts';
import type { Message, Reading } from './llhttp.ts';

export const limits = { head: 16_384, fields: 100, extensions: 16_384 };

/** Returns what our parser makes of bytes that come in these pieces. */
export function read(pieces: readonly Buffer[], parser: Parser = new Parser(limits)): Reading {
  const reading: Reading = { messages: [], verdict: 'complete' };
  let message: Message | undefined;
  let before = 0;
  for (const piece of pieces) {
    for (let at = 0; ; at = parser.at) {
      const event = parser.next(piece, at, piece.length);
      if (event === NEED) break;
      if (event === FAILED) return { ...reading, verdict: 'refused' };
      if (event === HEAD) message = messageOf(parser.head);
      if (event === DATA) message!.body += piece.toString('latin1', parser.from, parser.to);
      if (event !== END) continue;
      message!.fields.push(...trailersOf(parser.head));
      reading.messages.push({ ...message!, end: before + parser.at });
      // The bytes that follow belong to another protocol.
      if (parser.head.method === 'CONNECT' || parser.head.framing.upgrades) return reading;
    }
    before += piece.length;
  }
  reading.verdict = parser.mayEnd ? 'complete' : 'incomplete';
  return reading;
}

/** Yields every way to cut bytes in two, the whole, and byte by byte. */
export function* cuts(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes];
  yield Array.from(bytes, (byte) => Buffer.from([byte]));
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

function messageOf(head: HeadReader): Message {
  const target = textAt(head, head.targetStart, head.targetEnd);
  return { line: `${head.method} ${target} 1.${head.minor}`, fields: fieldsOf(head), body: '', end: 0 };
}

function trailersOf(head: HeadReader): string[] {
  return head.framing.contentLength === -1 ? fieldsOf(head) : [];
}

function fieldsOf(head: HeadReader): string[] {
  return Array.from({ length: head.count }, (_, index) => {
    const [from, to, valueFrom, valueTo] = head.fields.subarray(index * PLACES, (index + 1) * PLACES);
    return `${textAt(head, from!, to!)}: ${textAt(head, valueFrom!, valueTo!)}`;
  });
}

function textAt({ bytes, base }: HeadReader, from: number, to: number): string {
  return bytes.toString('latin1', base + from, base + to);
}
