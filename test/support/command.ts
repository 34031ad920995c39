import { startApp, type App } from './app.ts';

/** What a command of prefork has printed, and how it has ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command that finds the app's control socket. */
export async function runCommand(app: App, ...argv: string[]): Promise<Ran> {
  await using command = await startApp({ options: argv, env: { PREFORK_RUNTIME_DIR: app.directory } });
  const { code } = await command.exit();
  return { code, stdout: command.stdout, stderr: command.stderr };
}
