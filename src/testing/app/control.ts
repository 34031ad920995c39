/** Speaks to the control socket of a server: HTTP over a Unix socket, JSON both ways. */
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Outcome } from '../../contract/outcome.ts';

/** An operation takes as long as workers take to boot and drain; this is only so that nobody waits for ever, ms. */
const LONGEST_OPERATION = 600_000;
/** Of what is answered at once, unless the server is stuck or stopped, ms. */
const LONGEST_QUESTION = 5000;

/** What the server was asked for it could not do, and says why. */
export class OperationFailed extends Error {
  /** `reload`, for example. */
  readonly operation: string;
  /** One line. */
  readonly reason: string;
  /** The last that a worker which failed had to say; empty where there is none. */
  readonly stderr: string;

  static {
    this.prototype.name = 'OperationFailed';
  }

  constructor(operation: string, reason: string, stderr = '') {
    super([`${operation} failed: ${reason}`, ...(stderr === '' ? [] : [stderr.trimEnd()])].join('\n'));
    this.operation = operation;
    this.reason = reason;
    this.stderr = stderr;
  }
}

/**
 * Where the server that was started with this PREFORK_RUNTIME_DIR listens for commands: the only socket there, whatever its
 * name. Undefined when there is none, because it has not started yet or has ended.
 */
export function controlSocket(runtimeDirectory: string): string | undefined {
  const directory = join(runtimeDirectory, `prefork-${process.getuid?.() ?? ''}`);
  try {
    const name = readdirSync(directory).find((file) => file.endsWith('.sock'));
    return name === undefined ? undefined : join(directory, name);
  } catch {
    return undefined;
  }
}

/** @returns the body of the answer, whatever its status. */
export function get(socketPath: string, path: string): Promise<unknown> {
  return exchange(socketPath, 'GET', path, undefined);
}

/** Asks for an operation, and waits until it is over. Rejects with OperationFailed. */
export async function operate(
  socketPath: string,
  operation: string,
  body?: object,
): Promise<Extract<Outcome, { ok: true }>> {
  const outcome = (await exchange(socketPath, 'POST', `/${operation}`, body)) as Outcome;
  if (outcome.ok) return outcome;
  throw new OperationFailed(operation, outcome.reason ?? JSON.stringify(outcome), outcome.stderr);
}

function exchange(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body: object | undefined,
): Promise<unknown> {
  const content = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(method === 'GET' ? LONGEST_QUESTION : LONGEST_OPERATION);
    const sent = request({
      socketPath,
      method,
      path,
      agent: false,
      signal,
      headers: body === undefined ? {} : headers,
    });
    sent.once('error', reject);
    sent.once('response', (response) => json(response).then(resolve, reject));
    sent.end(content);
  });
}
