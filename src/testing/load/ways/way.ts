import type { Answer } from '../answer.ts';
import type { Sent } from '../request.ts';
import type { ConnectionHistory } from '../route.ts';

/** The way in which a client gets a connection for its next request. A way owns connections, and `end` closes them. */
export interface Way {
  /** Sends a request. The promise rejects with Lost. */
  ask(sent: Sent): Promise<Answer>;
  /** The history of the connection of the last request. */
  readonly history: ConnectionHistory | undefined;
  end(): void;
}

/** Connections are kept, or opened for each request. */
export type Style = 'kept' | 'new';
