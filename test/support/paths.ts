/** The places of files, as seen from the compiled tests in out/test/. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url));

/** The built command, as it is installed. */
export const command: string = inRoot(commandOf(root, 'prefork'));

/** Returns a command of a package in node_modules. */
export function packageCommand(name: string, commandName: string = name): string {
  const directory = inRoot(`node_modules/${name}/`);
  return `${directory}${commandOf(directory, commandName)}`;
}

/** Returns a small application, which is named by what it does. */
export function fixture(name: string): string {
  return inRoot(`test/fixtures/apps/${name}`);
}

export function example(name: string): string {
  return inRoot(`examples/${name}`);
}

/** A self-signed certificate for localhost and 127.0.0.1; see the README beside it. It is for tests only. */
export const certificate = {
  TLS_KEY: inRoot('test/fixtures/tls/key.pem'),
  TLS_CERT: inRoot('test/fixtures/tls/cert.pem'),
};

/** Reads the `bin` of package.json. */
function commandOf(directory: string, name: string): string {
  const text = readFileSync(`${directory}package.json`, 'utf8');
  const { bin } = JSON.parse(text) as { bin: string | Record<string, string> };
  const file = typeof bin === 'string' ? bin : bin[name];
  if (file === undefined) throw new Error(`${directory} has no command ${name}`);
  return file;
}

export function inRoot(path: string): string {
  return `${root}${path}`;
}
