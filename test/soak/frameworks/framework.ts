import type { App, LoadRequest, LoadOptions } from 'prefork/testing';

/** What a trial needs beside the server, such as a Redis. */
export interface Beside extends AsyncDisposable {
  /** The variables that tell the server of it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Clients that keep a server busy: those of prefork/testing, or others for what is not HTTP. */
export interface Traffic {
  /** Each has one question at a time. */
  readonly clients: number;
  everyClientAnswered(): Promise<void>;
  stop(): Promise<{ readonly answered: number; readonly lost: number }>;
}

/** A way to start a framework's server. */
export interface Start {
  /** How the server is started, for the table. Undefined where there is one way. */
  readonly by?: string;
  readonly entry: string;
  readonly args?: (port: number) => readonly string[];
  /** Options of the command. */
  readonly options?: readonly string[];
  /** The directory that the server is started in. @default the directory of the installation */
  readonly directory?: string;
  readonly env?: (port: number) => Readonly<Record<string, string | undefined>>;
}

/** How its clients ask. */
export interface Asking {
  /** @default GET /, whose answer has the status 200 */
  readonly requests?: readonly LoadRequest[];
  readonly load?: LoadOptions;
  /** Clients of its own, which count also what is no request. */
  readonly traffic?: (app: App, port: number, home: string) => Promise<Traffic>;
  /** Says which workers have answered, where the status cannot tell. */
  readonly answering?: (port: number) => Promise<string>;
}

/** A framework, server or library, installed and tried as a program that knows nothing of prefork. */
export interface Framework extends Asking {
  /** The heading of its row, without the version. */
  readonly name: string;
  /** What is installed. The version of the first is that of the row; none for what Node.js has itself. */
  readonly packages: readonly string[];
  /** Packages whose install scripts are run, because they compile native code. */
  readonly isNative?: boolean;
  /** The program, by file. */
  readonly files: Readonly<Record<string, string>>;
  /** Commands that build it, in its directory. */
  readonly build?: readonly string[];
  readonly starts: readonly Start[];
  readonly beside?: () => Promise<Beside>;
  /** Looks at what the reloads have left, such as a log: what is wrong with it, or undefined. */
  readonly after?: (home: string, answered: number) => Promise<string | undefined> | string | undefined;
}
