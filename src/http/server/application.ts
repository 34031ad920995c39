import type { Socket } from 'node:net';
import type { Context } from '../message/context.ts';
import type { ConnState, Hooks, RequestLimits } from '../message/hooks.ts';
import { HttpError } from '../protocol/errors.ts';
import { refusals, type Refusal } from '../protocol/refusals.ts';
import { reasonOf } from '../protocol/status.ts';

/** The application's functions. None of them can end the process by throwing: an error is answered, or logged. */
export class Application {
  readonly connState: ((socket: Socket, state: ConnState) => void) | undefined;
  readonly #hooks: Hooks;
  /** Answers a request in place of the handler. */
  #first: ((context: Context) => boolean) | undefined;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
    const { connState } = hooks;
    this.connState = connState && ((socket, state) => this.#fence('connState', () => connState(socket, state)));
  }

  /** See `Served.answerFirst`. */
  answerFirst(path: string, answer: () => { readonly status: number; readonly body: string }): void {
    this.#first = (context) => {
      if (context.path !== path || (context.method !== 'GET' && context.method !== 'HEAD')) return false;
      const { status, body } = answer();
      context.status(status).header('Cache-Control', 'no-store').end(body);
      return true;
    };
  }

  /** @throws what the hook throws */
  headerReceived(context: Context): RequestLimits | undefined {
    const limits = this.#hooks.headerReceived?.(context);
    this.#watch('headerReceived', limits);
    return limits;
  }

  /** @throws what the hook throws */
  continues(context: Context): boolean {
    const continues = this.#hooks.continueHandler?.(context);
    this.#watch('continueHandler', continues);
    return continues ?? true;
  }

  handle(context: Context): void {
    if (this.#first?.(context) === true) return;
    try {
      const result = this.#hooks.handler(context);
      if (isPromise(result)) result.then(undefined, (error: unknown) => this.failed(context, error));
    } catch (error) {
      this.failed(context, error);
    }
  }

  /** @returns whether the connection was taken. */
  upgrade(context: Context, isTunnel: boolean): boolean {
    try {
      return this.#hooks.upgrade(context, isTunnel);
    } catch (error) {
      this.log(`prefork/http: a listener of '${isTunnel ? 'connect' : 'upgrade'}' failed`, error);
      context.socket.destroy();
      return true;
    }
  }

  refused(refusal: Refusal, socket: Socket): void {
    const { reason } = refusals[refusal];
    const { onRefused } = this.#hooks;
    if (onRefused !== undefined) this.#fence('onRefused', () => onRefused(reason, socket));
    if (refusal === 'HANDLER_TIMEOUT') this.log(`prefork/http: ${reason}`);
  }

  /** Has the error handler answer, when a handler has failed, or a hook that stands for it. */
  failed(context: Context, error: unknown): void {
    if (!context.isOpen) return this.#failedLate(context, error);
    context.reset();
    const { errorHandler } = this.#hooks;
    if (errorHandler === undefined) return this.#answerError(context, error);
    try {
      const result = errorHandler(context, error);
      if (isPromise(result)) result.then(undefined, (second: unknown) => this.#failedTwice(context, second));
    } catch (second) {
      this.#failedTwice(context, second);
    }
  }

  /** Logs. The failure of a log cannot be told to anyone. */
  log(message: string, ...error: [unknown?]): void {
    try {
      const result: unknown = this.#hooks.logger.error(message, ...error);
      if (isPromise(result)) result.then(undefined, ignore);
    } catch {}
  }

  #failedTwice(context: Context, error: unknown): void {
    if (!context.isOpen) return this.#failedLate(context, error);
    context.reset();
    this.#answerError(context, error);
  }

  /** Answers with the status of an error. The text of the error does not reach the client. */
  #answerError(context: Context, error: unknown): void {
    const status = statusOf(error);
    if (status === 500) this.#logFailure(context, error);
    context.status(status).end(reasonOf(status));
  }

  /**
   * Ends a response whose handler has failed. Half a response cannot be taken back, so the client sees that it is not
   * whole.
   */
  #failedLate(context: Context, error: unknown): void {
    // An error that was meant for a client that has left reaches no one.
    if (!context.isAbandoned || statusOf(error) === 500) this.#logFailure(context, error);
    if (context.isUnderway && !context.isAnswered) context.break();
  }

  /** Logs a failure. The end of a handler's own work because its client has left is none. */
  #logFailure(context: Context, error: unknown): void {
    if (!context.hasFailedByLeaving(error)) this.log('prefork/http: a handler failed', error);
  }

  #fence(hook: string, call: () => unknown): void {
    try {
      this.#watch(hook, call());
    } catch (error) {
      this.#logHook(hook, error);
    }
  }

  /** Logs the failure of a hook that is an asynchronous function. Such a hook is not waited for. */
  #watch(hook: string, result: unknown): void {
    if (isPromise(result)) result.then(undefined, (error: unknown) => this.#logHook(hook, error));
  }

  #logHook(hook: string, error: unknown): void {
    this.log(`prefork/http: ${hook} failed`, error);
  }
}

function statusOf(error: unknown): number {
  return error instanceof HttpError ? error.status : 500;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function';
}

function ignore(): void {}
