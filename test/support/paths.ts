/** Where things are, seen from the compiled tests in out/test/. */
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url));

/** The built command. */
export const command: string = inRoot('dist/cli.js');

/** A small application, named by what it does. */
export function fixture(name: string): string {
  return inRoot(`test/fixtures/apps/${name}`);
}

export function example(name: string): string {
  return inRoot(`examples/${name}`);
}

/** A self-signed certificate for localhost and 127.0.0.1; see the README beside it. For tests only. */
export const certificate = {
  TLS_KEY: inRoot('test/fixtures/tls/key.pem'),
  TLS_CERT: inRoot('test/fixtures/tls/cert.pem'),
};

function inRoot(path: string): string {
  return `${root}${path}`;
}
