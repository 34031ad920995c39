import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Duplex } from 'node:stream';
import type { SentHandle } from '../ipc/channel.ts';
import type { HandoffEnd } from '../ipc/messages.ts';
import { channelOf, watchWrites } from '../ipc/node-channel.ts';
import type { NamedDirectory } from '../options/index.ts';
import type { Binder } from '../privileges/binder.ts';
import { binderRequestOf, type BinderAnswer, type BinderRequest } from '../privileges/binder-messages.ts';
import { filesOfFlags, filesOfVariables } from '../privileges/node-flags.ts';
import { isInSession } from '../privileges/session.ts';
import { checkedNode, doorFlags, isNode, refuse, whyNotRoots } from './next-node.ts';
import { waitingInit } from './container-init.ts';
import { isMovedMessage, type MoveMessage, type MoveTerms } from './moves.ts';
import { FORMAT, isNewPrimaryMessage, HANDOVER_FD, packed, VARIABLE, type Handover } from './handover.ts';

/** How long a next primary that is given up may take to end in order. */
const END_WITHIN_MS = 5000;

export interface NewPrimaryOptions {
  readonly handover: Handover;
  /** The node that runs it. @default the one that a shell would find under the name of this one */
  readonly node?: string | undefined;
  /** Variables that are added to this process's own environment. */
  readonly env: NodeJS.ProcessEnv;
  /** The directory that this primary was started in, by its name and as it was then. @default the working directory */
  readonly home?: NamedDirectory | undefined;
  /** How long it may take until it is ready, in ms. */
  readonly within: number;
  /** Root has started this server for another user. Then only a node of root's gets what there is to leave. */
  readonly isFromRoot: boolean;
  /** Binds sockets for the next primary until this one has left. */
  readonly binder: Binder | undefined;
}

/** The outcome of a new primary. Exactly one of the two is called, once. */
export interface NewPrimaryEvents {
  /**
   * The new primary's workers serve, and it lives on without us.
   *
   * @param takes whether it takes connections of our workers
   */
  ready(pid: number, generation: number, takes: boolean): void;
  failed(reason: string): void;
  /** What became of a connection that it was sent. */
  moved(id: number, how: HandoffEnd): void;
  /** The new primary was ready, and takes nothing any more. */
  gone(): void;
}

/**
 * The next primary, seen from the one before: the same command again, from what is on disk now, with our sockets as
 * descriptors. This object owns its process until it is ready, and ends it when it fails or takes too long. A ready
 * primary belongs to no process, as a daemon does. Only the channel to it is left until `close`, for connections that move
 * to its workers.
 */
export class NewPrimary {
  /** Settles when its process has ended, or lives on without us. */
  readonly over: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #events: NewPrimaryEvents;
  readonly #binder: Binder | undefined;
  #markOver: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  /**
   * Starts the process.
   *
   * @throws Error when the process cannot be started, or would not be ours alone.
   */
  constructor(options: NewPrimaryOptions, events: NewPrimaryEvents) {
    const { handover, node: asked, env, within, home, isFromRoot: isClosed, binder } = options;
    const node = asked ?? nodeCommand(isClosed);
    const program = isClosed ? checkedNode(node) : node;
    const { handover: packedHandover, fds } = packed(handover);
    this.#events = events;
    this.#binder = binder;
    const flags = isClosed ? doorFlags(program) : [];
    const at = home !== undefined && isDirectory(home.named) ? home : undefined;
    const [given = '', ...args] = process.argv.slice(1);
    const script = scriptIn(at, given);
    const variables = { ...process.env, ...(at && { PWD: at.named }), ...env, [VARIABLE]: String(FORMAT) };
    if (isClosed) for (const file of [script, ...loadedFiles(variables, at?.named)]) refuse(whyNotRoots(file));
    this.#child = spawn(program, [...flags, ...process.execArgv, script, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', 'pipe', ...fds],
      cwd: at?.named,
      env: variables,
      // The primary after it looks for its node under this name.
      argv0: node,
    });
    this.over = Promise.race([
      new Promise<void>((resolve) => (this.#markOver = resolve)),
      once(this.#child, 'exit').catch(() => {}),
    ]);
    // The timer starts after the spawn, because that may throw. No event of the process arrives before this turn is
    // over.
    this.#timer = setTimeout(() => this.#fail(`the new primary was not ready within ${within} ms`), within);
    this.#child.on('error', (error) => this.#fail(`the new primary could not be started: ${error.message}`));
    this.#child.on('exit', (code, signal) => this.#fail(`the new primary ended with ${signal ?? `code ${code}`}`));
    this.#child.on('message', (said) => this.#onMessage(said));
    const channel = channelOf(this.#child);
    if (channel !== undefined) watchWrites(channel);
    // The handover is written before this process can end. Whatever becomes of this process, the next one then knows
    // what it has.
    const pipe = this.#child.stdio[HANDOVER_FD] as Duplex;
    pipe.on('error', () => {}).end(JSON.stringify(packedHandover));
    // The only event that comes from there is its end, and it must be noticed.
    pipe.resume();
  }

  /** Gives it up, if it is not ready yet. Else leaves it: nothing moves any more. Idempotent. */
  close(): void {
    if (this.#timer === undefined && this.#child.connected) this.#child.disconnect();
    this.#fail('the server is stopping');
  }

  /** Sends a connection of a worker of ours, once it is ready. @returns false when it did not leave. */
  move(id: number, terms: MoveTerms, handle: SentHandle): boolean {
    return this.#say({ prefork: 'move', id, ...terms }, handle);
  }

  recall(id: number): boolean {
    return this.#say({ prefork: 'recall', id });
  }

  #say(message: MoveMessage, handle?: SentHandle): boolean {
    if (!this.#child.connected) return false;
    this.#child.send(message, handle as never, {}, () => {});
    return true;
  }

  #onMessage(said: unknown): void {
    const request = binderRequestOf(said);
    if (request?.binder === 'bind') void this.#bind(request);
    if (isMovedMessage(said)) return this.#events.moved(said.id, said.how);
    if (!isNewPrimaryMessage(said)) return;
    switch (said.prefork) {
      case 'hello':
        return this.#fail(
          'the new primary’s version of prefork cannot take over from this one: restart the server instead',
        );
      case 'failed':
        return this.#fail(said.reason);
      case 'ready':
        return this.#succeed(said.generation, said.takes === true);
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

  #succeed(generation: number, takes: boolean): void {
    if (!this.#end()) return;
    this.#child.unref();
    this.#markOver();
    this.#child.once('disconnect', () => this.#events.gone());
    this.#events.ready(this.#child.pid!, generation, takes);
    // Last, as it tells the next primary that we have heard, and answer no one any more.
    if (takes) this.#say({ prefork: 'heard' });
    else this.#child.disconnect();
  }

  /** Ends the new primary in order, so that it removes what it has created, and by force when it is stuck. */
  #fail(reason: string): void {
    if (!this.#end()) return;
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), END_WITHIN_MS);
    this.#child.once('exit', () => clearTimeout(force));
    // The process could not be started, so it will not exit either.
    if (this.#child.pid === undefined) {
      clearTimeout(force);
      this.#markOver();
    }
    this.#events.failed(reason);
  }

  /**
   * Ends the wait.
   *
   * @returns whether it was not over before.
   */
  #end(): boolean {
    if (this.#timer === undefined) return false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return true;
  }
}

/**
 * Returns the path of prefork's own script, or of a program that uses the library. Where it is in the directory that the
 * primary was started in, it is found by the directory's name: a symbolic link may lead to another release by now.
 */
function scriptIn(home: NamedDirectory | undefined, script: string): string {
  if (home === undefined || !script.startsWith(`${home.real}${sep}`)) return script;
  return join(home.named, script.slice(home.real.length));
}

/**
 * Lists what node loads in the next primary before its first line. The directory's name may lead elsewhere than at the start, and
 * relative paths with it.
 */
function loadedFiles(env: NodeJS.ProcessEnv, cwd?: string): string[] {
  return [...filesOfFlags(process.execArgv, env['NODE_OPTIONS'], cwd), ...filesOfVariables(env, cwd)];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Says why no other process can succeed this primary; undefined when one can. */
export function whyNone(sharing: string): string | undefined {
  if (process.pid === 1)
    return 'process 1 of a container cannot be replaced: the container ends with it; reload, or replace the container';
  const init = waitingInit();
  if (init !== undefined)
    return `process 1 of this container (${init}) waits for this primary and ends with it, and so would the container: reload, or replace the container`;
  if (isInSession())
    return 'a server that root runs for another user in a terminal ends with it: reload it, or run it under a service manager';
  if (process.platform === 'win32') return 'on Windows sockets cannot be passed on: restart the server instead';
  if (sharing === 'round-robin')
    return 'with --sharing round-robin the sockets are node:cluster’s, and cannot be passed on: restart the server instead';
  return undefined;
}

/**
 * Returns the node that a shell would find now under the name by which this one was started. After an update of node
 * that is the new one, while `process.execPath` is the file of the old one, with links resolved.
 *
 * @param isClosed whether only a node may run the next primary. A tool that chooses between nodes is none.
 */
function nodeCommand(isClosed: boolean): string {
  const { argv0, execPath } = process;
  const isOther = (argv0.includes('/') && !existsSync(argv0)) || (isClosed && !isNode(argv0));
  return isOther ? execPath : argv0;
}
