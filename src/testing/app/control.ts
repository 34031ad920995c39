/** Talks to the control socket of a server: HTTP over a Unix socket, with JSON in both directions. */
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Outcome } from '../../contract/outcome.ts';

/**
 * An operation takes as long as workers take to boot and drain. This limit only keeps a caller from waiting for ever.
 */
const LONGEST_OPERATION_MS = 600_000;
/** The limit of requests that a server answers at once, unless it is stuck or stopped. */
const LONGEST_QUESTION_MS = 5000;

/** Thrown when the server could not do what it was asked to do. It says why. */
export class OperationFailed extends Error {
  /** The operation, for example `reload`. */
  readonly operation: string;
  /** The reason in one line. */
  readonly reason: string;
  /** The last output of a worker that failed; empty where there is none. */
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
 * Finds the control socket of the server that was started with this PREFORK_RUNTIME_DIR: the only socket there,
 * whatever its name. The result is undefined when there is none, because the server has not started yet or has ended.
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

/**
 * Sends a GET.
 *
 * @returns the body of the answer, whatever its status.
 */
export function get(socketPath: string, path: string): Promise<unknown> {
  return exchange(socketPath, 'GET', path, undefined);
}

/** Asks for an operation, and waits until it is over. The promise rejects with OperationFailed. */
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
    const signal = AbortSignal.timeout(method === 'GET' ? LONGEST_QUESTION_MS : LONGEST_OPERATION_MS);
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
