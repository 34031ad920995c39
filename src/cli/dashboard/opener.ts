import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Finds the program that opens a browser here.
 *
 * @param env has `BROWSER`, which other programs respect too.
 * @returns undefined where there is no browser.
 */
export function browserProgram(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | undefined {
  const { BROWSER, DISPLAY, WAYLAND_DISPLAY } = env;
  if (BROWSER) return BROWSER;
  if (platform === 'darwin') return 'open';
  return DISPLAY || WAYLAND_DISPLAY ? 'xdg-open' : undefined;
}

/**
 * Opens a browser at an address that contains a secret. Every user of the machine can read a process's arguments, so
 * the browser gets a file instead. The file leads to the address, and only this user can read it. The opener owns that
 * file, and disposing of it removes the file.
 */
export class Opener implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'prefork-dashboard-'));

  constructor(program: string, url: string) {
    const file = join(this.#directory, 'dashboard.html');
    writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">\n`, { mode: 0o600 });
    const child = spawn(program, [file], { stdio: 'ignore', detached: true });
    // The browser may turn out to be missing. The address is printed anyway.
    child.on('error', () => {}).unref();
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
