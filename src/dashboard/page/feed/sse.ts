/**
 * A message of https://html.spec.whatwg.org/multipage/server-sent-events.html. Our server uses `event` and `data` only.
 * This module is pure.
 */
export interface Message {
  readonly name: string;
  readonly data: unknown;
}

/** Turns chunks of text, cut anywhere, into messages. */
export class MessageReader {
  #rest = '';

  read(text: string): Message[] {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop()!;
    return blocks.flatMap((block) => messageOf(block) ?? []);
  }
}

function messageOf(block: string): Message | undefined {
  const fields = new Map(block.split('\n').map(fieldOf));
  const name = fields.get('event');
  const data = fields.get('data');
  return name === undefined || data === undefined ? undefined : { name, data: JSON.parse(data) };
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(': ');
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 2)];
}
