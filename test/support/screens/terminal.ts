/** A terminal with a shell in it, by tmux. Tests type into it and read what it shows. */
import { execFile, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testDirectory } from '../abandoned.ts';
import { poll } from '../watched.ts';

const run = promisify(execFile);

/** The reason not to run a test, or false, as `skip` takes it. */
export const noTerminal: string | false =
  spawnSync('tmux', ['-V']).status === 0 && spawnSync('bash', ['--version']).status === 0
    ? false
    : 'needs tmux and bash: apt-get install tmux';

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A terminal. The object owns a tmux server of its own with one window, and disposing of it ends everything that runs
 * in it.
 */
export class Terminal implements AsyncDisposable {
  readonly #directory: string = testDirectory('terminal');

  static async open({ columns, rows, env }: TerminalOptions): Promise<Terminal> {
    const terminal = new Terminal();
    const variables = Object.entries({ PS1: '$ ', LC_ALL: 'C.UTF-8', ...env }).flatMap(([name, value]) => [
      '-e',
      `${name}=${value}`,
    ]);
    const size = ['-x', String(columns), '-y', String(rows)];
    await terminal.#tmux('-u', 'new-session', '-d', ...size, ...variables, 'bash', '--norc', '--noprofile', '-i');
    await terminal.shows(/^\$ $/m);
    return terminal;
  }

  /** Types keys by the names that tmux gives them, or text. */
  async type(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Returns the lines that it shows now. */
  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p', '-N')).replaceAll(/ +$/gm, (spaces) => spaces.slice(0, 1));
  }

  /** Returns the lines with the sequences for colours. */
  colored(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** Waits until the lines match. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    let screen = '';
    try {
      return await poll(
        async () => pattern.exec((screen = await this.screen())) ?? undefined,
        `${pattern} on the screen`,
      );
    } catch (error) {
      throw new Error(`the screen shows:\n${screen}`, { cause: error });
    }
  }

  /** Tells whether a program has switched to the alternate screen. */
  async isAlternate(): Promise<boolean> {
    return (await this.#tmux('display-message', '-p', '#{alternate_on}#{cursor_flag}')).trim() === '10';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server');
    rmSync(this.#directory, { recursive: true });
  }

  async #tmux(...args: string[]): Promise<string> {
    return (await run('tmux', ['-S', join(this.#directory, 'socket'), '-f', '/dev/null', ...args])).stdout;
  }
}
