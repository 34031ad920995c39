import { readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import { command, inRoot } from '../../support/paths.ts';
import { ask } from '../../support/http.ts';
import { poll } from '../../support/watched.ts';
import type { Host } from './host.ts';
import type { Place } from './network.ts';
import type { Program } from './program.ts';
import type { Ran } from './shell.ts';

export const WORKERS = 2;
export const APPLICATION_PORT = 8080;
export const ADMIN_PORT = 9090;

/** The parts of `prefork status --json` that tests of hosts read. */
export interface Status {
  readonly pid: number;
}

/** What is wrong with a release: it does not boot, or it says that it is not well, on one host or on all. */
export interface Fault {
  readonly fault: 'boot' | 'health';
  readonly on?: string;
}

/** Returns the files of a release by their names. */
export function filesOf(version: string, fault?: Fault): Record<string, string> {
  return {
    'server.mjs': readFileSync(inRoot('test/fixtures/hosts/server.mjs'), 'utf8'),
    'package.json': JSON.stringify({ name: 'shop', version, ...fault }),
  };
}

/** The server that prefork runs on a host, from releases behind a link. It belongs to its host. */
export class Application {
  readonly host: Host;
  readonly address: string;
  readonly #state: string;
  #program: Program | undefined;
  #upgrades = 0;
  #reloads = 0;

  /** @param state the address of Redis, for `openState` */
  constructor({ host, address }: Place, state: string) {
    this.host = host;
    this.address = address;
    this.#state = state;
  }

  /** Puts a release beside the others, and leads the link there. */
  release(version: string, fault?: Fault): void {
    for (const [name, text] of Object.entries(filesOf(version, fault))) {
      this.host.write(`/srv/shop/releases/${version}/${name}`, text);
    }
    this.host.remove('/srv/shop/next');
    symlinkSync(`releases/${version}`, this.host.path('/srv/shop/next'));
    renameSync(this.host.path('/srv/shop/next'), this.host.path('/srv/shop/current'));
  }

  /** Starts the server, as a service manager does, and waits until every worker serves. */
  async start(): Promise<void> {
    const options = [
      ['--name', 'shop', '--workers', String(WORKERS), '--cwd', '/srv/shop/current', '--settle', '50ms'],
      [
        '--admin',
        `${this.address}:${ADMIN_PORT}`,
        '--health-path',
        '/healthz',
        '--drain-delay',
        '1s',
        '--shutdown-grace-period',
        '3s',
      ],
      ['--keep-previous', '1m'],
    ].flat();
    this.#upgrades = 0;
    this.#reloads = 0;
    this.#program = this.host.start(process.execPath, [command, ...options, 'server.mjs'], {
      cwd: '/srv/shop/current',
      env: { STATE: this.#state },
    });
    await this.#program.event('ready');
  }

  /** Runs a command of prefork on the host. */
  command(...args: string[]): Promise<Ran> {
    return this.host.run(process.execPath, command, ...args, '--name', 'shop');
  }

  /** Runs a command of prefork, which has to succeed. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.command(...args);
    if (code !== 0) throw new Error(`${this.host.name}: prefork ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Replaces the workers, and waits for the end of the old ones, or until they are parked. */
  async reload(...options: string[]): Promise<void> {
    await this.must('reload', ...options);
    this.#reloads++;
    await this.program.event('reload done', {}, this.#reloads);
  }

  /** Replaces the primary, and waits for the end of the old one. */
  async upgrade(): Promise<void> {
    await this.must('upgrade');
    this.#upgrades++;
    await this.program.event('stopped', {}, this.#upgrades);
  }

  /** Stops the server in order. */
  async stop(): Promise<void> {
    await this.must('stop');
    await this.gone();
  }

  /** Kills the primary alone, and waits until its workers have noticed and finished. */
  async killPrimary(): Promise<void> {
    const { pid } = await this.status();
    await this.host.must('kill', '-KILL', String(pid));
    await this.gone();
  }

  /** Waits until no process of the server is left. */
  async gone(): Promise<void> {
    await poll(() => (this.host.processes().length === 0 ? true : undefined), `the end of ${this.host.name}'s server`);
  }

  /** Returns the version of the release that answers. */
  async version(): Promise<string> {
    const [, version] = (await ask({ host: this.address, port: APPLICATION_PORT })).split(' ');
    return version!;
  }

  /** Returns the version of the release to which the link leads. */
  linked(): string {
    return basename(readlinkSync(this.host.path('/srv/shop/current')));
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.must('status', '--json')) as Status;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('it was not started');
    return this.#program;
  }
}
