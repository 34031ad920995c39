import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What opens a browser here; undefined where there is none.
 *
 * @param env `BROWSER` is what other programs look at, too.
 */
export function browserProgram(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | undefined {
  const { BROWSER, DISPLAY, WAYLAND_DISPLAY } = env;
  if (BROWSER) return BROWSER;
  if (platform === 'darwin') return 'open';
  return DISPLAY || WAYLAND_DISPLAY ? 'xdg-open' : undefined;
}

/**
 * Opens a browser at an address with a secret in it. Everybody on the machine can read the arguments of a process, so the
 * browser is given a file that leads there, which this user alone can read. Owns that; disposing of it removes it.
 */
export class Opener implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'prefork-dashboard-'));

  constructor(program: string, url: string) {
    const file = join(this.#directory, 'dashboard.html');
    writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">\n`, { mode: 0o600 });
    const child = spawn(program, [file], { stdio: 'ignore', detached: true });
    // There is none after all: the address is printed.
    child.on('error', () => {}).unref();
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
