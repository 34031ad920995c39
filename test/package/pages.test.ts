/** Compiles the programs that the pages show against the installed package, each as a module of its own. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { blocks, placeOf } from '../support/pages/blocks.ts';
import { inRoot } from '../support/paths.ts';
import { installPacked, run } from './packed.ts';

/** What the programs take for granted: the application around them. */
const AROUND = `
  declare module 'log4js';
  declare const id: string;
  declare const db: { load(id: string): Promise<object> };
  declare function bill(invoice: number, signal: AbortSignal, token: number): Promise<void>;
  declare function cleanUp(signal: AbortSignal): Promise<void>;
  declare const webSocketServer: import('ws').WebSocketServer;
  declare const jobs: { finish(): Promise<void> };
  declare function startCron(): void;
  declare const failedLately: number;
  declare function notify(text: string): void;
  declare const server: import('node:http').Server;
  declare class Session {}
  declare const log: Console;
  declare const app: { use(handler: unknown): void };
`;

/** What a block leaves out since one above it on the page has it. */
const ABOVE: Readonly<Record<string, string>> = {
  'docs/state.md': `import { openState } from 'prefork/state';
    import { RateLimitStore } from 'prefork/state/express-rate-limit';
    import { rateLimit } from 'express-rate-limit';`,
  'docs/testing.md': "import { assertNoLostRequests } from 'prefork/testing';",
};

/** What TypeScript says of programs that are right as JavaScript. Each has to be said still. */
const SAID: readonly RegExp[] = [
  /^docs\/testing\.md:\d+\(\d+,\d+\): error TS2339: Property 'port' does not exist on type 'string \| AddressInfo'\.$/m,
  // The package is CommonJS, and sets both `module.exports` and `default`.
  /^docs\/control\.md:\d+\(\d+,\d+\): error TS2351: This expression is not constructable\.$/m,
];

/** test/process/serving/docs-http.test.ts runs these. */
const RUN = 'docs/http.md';

test('every program of the pages compiles', async () => {
  await using home = await installPacked('module');
  await home.link('@types', 'ajv', 'hono', 'ws', 'express', 'express-rate-limit');
  const directory = join(home.directory, 'pages');
  await mkdir(directory);
  await writeFile(join(directory, 'around.d.ts'), AROUND);
  const programs = blocks.filter(({ language, page }) => language === 'js' && page !== RUN);
  assert.ok(programs.length >= 20, `${programs.length} programs`);
  const names = new Map<string, string>();
  for (const [index, block] of programs.entries()) {
    const name = `program${index}.mts`;
    names.set(name, placeOf(block));
    await writeFile(join(directory, name), `${importsOf(block)}\n${block.text}\nexport {};\n`);
  }
  const options = ['--noEmit', '--strict', 'false', '--skipLibCheck', '--resolveJsonModule'];
  const target = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const files = ['around.d.ts', ...names.keys()];
  const compiler = inRoot('node_modules/typescript/bin/tsc');
  const said = await run(process.execPath, [compiler, ...options, ...target, ...files], { cwd: directory }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout.replaceAll(/program\d+\.mts/g, (name) => names.get(name) ?? name),
  );
  for (const one of SAID) assert.match(said, one);
  const errors = said.split('\n').filter((line) => /^\S/.test(line) && !SAID.some((one) => one.test(line)));
  assert.deepEqual(errors, [], said);
});

/** The imports from above that the block does without. */
function importsOf({ page, text }: { readonly page: string; readonly text: string }): string {
  const lines = (ABOVE[page] ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !text.includes(line.replace(/;$/, ''))).join('\n');
}
