import type { Content } from './content.ts';

/** The source of a streamed response. */
export type PieceSource = AsyncIterable<Content> | Iterable<Content> | ReadableStream<Content>;

/** The pieces of a source, which can be told to stop while it makes one. */
export interface Pieces {
  next(): Promise<IteratorResult<Content, unknown>> | IteratorResult<Content, unknown>;
  /** Ends the source: nothing more is wanted. It may be called again, and never throws. */
  readonly cancel: (reason: unknown) => void;
}

interface NodeStream {
  destroy(reason: unknown): void;
}

/** @param source a string is one piece. */
export function piecesOf(source: PieceSource): Pieces {
  if (typeof source === 'string') return piecesOf([source]);
  if ('getReader' in source) return read(source.getReader());
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  return {
    next: () => iterator.next(),
    cancel: (reason) => {
      if (isNodeStream(source)) source.on('error', ignore).destroy(reason);
      close(iterator).catch(ignore);
    },
  };
}

/**
 * Reads a web stream. It avoids the stream's iterator, whose `return` waits for the piece that is being made: that may
 * never come.
 */
function read(reader: ReadableStreamDefaultReader<Content>): Pieces {
  return {
    next: () => reader.read(),
    cancel: (reason) => void reader.cancel(reason).catch(ignore),
  };
}

/** Ends an iterator. It waits for the piece that is being made: a generator cannot be stopped in the middle. */
async function close(iterator: AsyncIterator<Content, unknown> | Iterator<Content, unknown>): Promise<void> {
  await iterator.return?.();
}

function isNodeStream(source: object): source is { on(event: 'error', listener: () => void): NodeStream } {
  return 'destroy' in source && 'on' in source;
}

function ignore(): void {}
