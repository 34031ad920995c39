import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Binder } from '../privileges/binder.ts';
import { binderRequestOf, type BinderAnswer, type BinderRequest } from '../privileges/binder-messages.ts';
import { isInSession } from '../privileges/session.ts';
import { FORMAT, isSuccessorMessage, packed, VARIABLE, type Legacy, type LegacyMessage } from './legacy.ts';

export interface SuccessorOptions {
  readonly legacy: Legacy;
  /** Beside this process's own environment. */
  readonly env: NodeJS.ProcessEnv;
  /** How long it may take until it is ready, ms. */
  readonly within: number;
  /** Binds for the next primary until this one has left. */
  readonly binder: Binder | undefined;
}

/** What comes of a successor: exactly one of the two, once. */
export interface SuccessorEvents {
  /** Its workers serve; it lives on without us. */
  ready(pid: number): void;
  failed(reason: string): void;
}

/**
 * The next primary, seen from the one before: the same command again, from what is on disk now, with our sockets as
 * descriptors. Owns its process until it is ready, and kills it when it fails or takes too long; after that it belongs to
 * nobody, as a daemon does.
 */
export class Successor {
  readonly #child: ChildProcess;
  readonly #events: SuccessorEvents;
  readonly #binder: Binder | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws Error when the process cannot be started. */
  constructor({ legacy, env, within, binder }: SuccessorOptions, events: SuccessorEvents) {
    const { legacy: message, fds } = packed(legacy);
    this.#events = events;
    this.#binder = binder;
    this.#child = spawn(nodeCommand(), [...process.execArgv, ...process.argv.slice(1)], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...fds],
      env: { ...process.env, ...env, [VARIABLE]: '1' },
    });
    // After the spawn, for that may throw; nothing that the process does is heard of before this turn is over.
    this.#timer = setTimeout(() => this.#fail(`the new primary was not ready within ${within} ms`), within);
    this.#child.on('error', (error) => this.#fail(`the new primary could not be started: ${error.message}`));
    this.#child.on('exit', (code, signal) => this.#fail(`the new primary ended with ${signal ?? `code ${code}`}`));
    this.#child.on('message', (said) => this.#onMessage(said, { prefork: 'legacy', legacy: message }));
  }

  /** Gives it up, if it is not ready yet. */
  close(): void {
    this.#fail('the server is stopping');
  }

  #onMessage(said: unknown, legacy: LegacyMessage): void {
    const request = binderRequestOf(said);
    if (request?.binder === 'bind') void this.#bind(request);
    if (!isSuccessorMessage(said)) return;
    switch (said.prefork) {
      case 'hello':
        if (said.format === FORMAT) this.#child.send(legacy, () => {});
        else this.#fail(`the new primary's version of prefork cannot take over from this one: restart it instead`);
        return;
      case 'failed':
        return this.#fail(said.reason);
      case 'ready':
        return this.#succeed();
    }
  }

  async #bind({ id, query }: Extract<BinderRequest, { binder: 'bind' }>): Promise<void> {
    const bound = await this.#binder?.bind(query);
    const handle = bound !== undefined && 'handle' in bound ? bound.handle : undefined;
    const errno = bound !== undefined && 'errno' in bound ? bound.errno : 0;
    const answer: BinderAnswer = { binder: 'bound', id, errno };
    const sent = (): void => handle?.close();
    if (this.#child.connected) this.#child.send(answer, handle as never, {}, sent);
    else sent();
  }

  #succeed(): void {
    if (!this.#end()) return;
    this.#child.unref();
    this.#events.ready(this.#child.pid!);
    // Last, as it tells the next primary that we have heard, and answer nobody any more.
    this.#child.disconnect();
  }

  #fail(reason: string): void {
    if (!this.#end()) return;
    this.#child.kill('SIGKILL');
    this.#events.failed(reason);
  }

  /** @returns whether it was not over before. */
  #end(): boolean {
    if (this.#timer === undefined) return false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return true;
  }
}

/** Why this primary cannot be succeeded by another process; undefined when it can. */
export function whyNone(sharing: string): string | undefined {
  if (process.pid === 1)
    return 'process 1 of a container cannot be replaced: the container ends with it; reload, or replace the container';
  if (isInSession())
    return 'a server that root runs for another user in a terminal ends with it: reload it, or run it by a service manager';
  if (process.platform === 'win32') return 'on Windows sockets cannot be passed on: restart it instead';
  if (sharing === 'round-robin')
    return 'with --sharing round-robin the sockets are node:cluster’s, and cannot be passed on: restart it instead';
  return undefined;
}

/**
 * The node that a shell would find now under the name that this one was started by: after an update of node that is the
 * new one, while `process.execPath` is the file of the old one, links resolved.
 */
function nodeCommand(): string {
  const { argv0, execPath } = process;
  return argv0.includes('/') && !existsSync(argv0) ? execPath : argv0;
}
