/** Tests what a worker says when it ends by itself. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LONGEST_TEXT } from '../../../src/ipc/messages.ts';
import { TestWorker } from '../../support/worker.ts';

interface Words {
  readonly error: string;
  readonly stderr: string;
  /** The output of the same process, as its user sees it. */
  readonly printed: string;
  readonly code: number | null;
}

/** Returns the last words of a worker that runs this program; undefined when it said none. */
async function wordsOf(
  t: TestContext,
  program: string,
  extension = 'mjs',
  files: Record<string, string> = {},
): Promise<Words | undefined> {
  const entry = `main.${extension}`;
  const worker = new TestWorker(t, { entry, files: { [entry]: program, ...files } });
  const { code } = await worker.exit();
  const said = worker.messages.filter(({ type }) => type === 'lastWords');
  assert.ok(said.length <= 1, 'said once');
  const [words] = said;
  return words?.type === 'lastWords' ? { ...words, printed: worker.stderr, code } : undefined;
}

const thrown: ReadonlyArray<[what: string, program: string, extension: 'mjs' | 'cjs', expected: RegExp]> = [
  ['an error in CommonJS', `throw new TypeError('boom')`, 'cjs', /^TypeError: boom\n    at .*main\.cjs:1:7/],
  ['an error in an ES module', `throw new TypeError('boom')`, 'mjs', /^TypeError: boom\n    at .*main\.mjs:1:7/],
  ['an error of a timer', `setTimeout(() => { throw new Error('late') })`, 'mjs', /^Error: late\n    at .*main\.mjs:1/],
  ['its cause', `throw new Error('a', { cause: new Error('b') })`, 'cjs', /^Error: a\n[^]*\[cause\]: Error: b\n/],
  ['a rejection', `Promise.reject(new RangeError('no'))`, 'cjs', /^RangeError: no\n    at .*main\.cjs:1/],
  ['a rejection with no error', `Promise.reject('text')`, 'cjs', /rejected with the reason "text"/],
  ['a top-level await', `await Promise.reject(new Error('tla'))`, 'mjs', /^Error: tla\n    at .*main\.mjs:1/],
  ['a string', `throw 'text'`, 'cjs', /^'text'$/],
  ['an object', `throw { a: 1 }`, 'cjs', /^{ a: 1 }$/],
  ['nothing at all', `throw undefined`, 'cjs', /^undefined$/],
  [
    'a syntax error in CommonJS',
    `const a = 1;\nconst b = ;`,
    'cjs',
    /main\.cjs:2\nconst b = ;\n[^]*SyntaxError: Unexp/,
  ],
  ['a syntax error in an ES module', `const a = 1;\nconst b = ;`, 'mjs', /^SyntaxError: Unexpected token/],
  ['an export that is missing', `import { nothing } from 'node:fs';`, 'mjs', /main\.mjs:1\n[^]*export named 'nothing'/],
  [
    'a file that is missing',
    `import './nowhere.mjs'`,
    'mjs',
    /Cannot find module '.*nowhere\.mjs' imported from .*main/,
  ],
  [
    'a package that is missing',
    `require('nowhere')`,
    'cjs',
    /Cannot find module 'nowhere'\nRequire stack:\n- .*main\.cjs/,
  ],
];

for (const [what, program, extension, expected] of thrown) {
  test(`the error: ${what}`, async (t) => {
    const words = await wordsOf(t, program, extension);
    assert.match(words?.error ?? '', expected);
    assert.equal(words?.stderr, '');
    assert.notEqual(words.printed, '', 'Node prints it as ever');
    assert.equal(words.code, 1);
  });
}

test('an error that cannot be looked at is an error', async (t) => {
  const program = `
    const { inspect } = require('node:util');
    throw { [inspect.custom]() { throw new Error('no') } };`;
  assert.equal((await wordsOf(t, program, 'cjs'))?.error, 'an error that cannot be printed');
});

test('what was written to stderr before it was ready', async (t) => {
  const program = `console.error('no DATABASE_URL'); process.exit(3);`;
  const words = await wordsOf(t, program);
  assert.deepEqual(words, {
    type: 'lastWords',
    error: '',
    stderr: 'no DATABASE_URL\n',
    printed: 'no DATABASE_URL\n',
    code: 3,
  });
});

test('both, where an application prints its error and ends by itself', async (t) => {
  const program = `
    process.on('uncaughtException', (error) => {
      console.error('fatal:', error.message);
      setTimeout(() => process.exit(1), 10);
    });
    throw new Error('boom');`;
  const words = await wordsOf(t, program, 'cjs');
  assert.match(words?.error ?? '', /^Error: boom\n/);
  assert.equal(words?.stderr, 'fatal: boom\n');
});

test('an error that was caught is not the reason of a good end', async (t) => {
  const program = `
    process.on('uncaughtException', () => setTimeout(() => process.exit(0), 10));
    throw new Error('boom');`;
  assert.equal(await wordsOf(t, program, 'cjs'), undefined);
});

test('texts that are too long are cut: the error at its end, stderr at its beginning', async (t) => {
  const program = `
    console.error('start' + '\\u0001'.repeat(20_000) + 'end');
    throw new Error('first' + '\\u0001\\u{1F600}'.repeat(20_000) + 'last');`;
  const words = await wordsOf(t, program, 'cjs');
  assert.equal(words?.error.length, LONGEST_TEXT);
  assert.match(words.error, /^Error: first/);
  assert.equal(words.stderr.length, 8192);
  assert.match(words.stderr, /end\n$/);
});

for (const [what, program] of [
  ['ends well', `console.log('done')`],
  ['ends badly without a word', `process.exit(7)`],
  ['is killed', `console.error('words'); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`],
] as const) {
  test(`a worker that ${what} has none`, async (t) => {
    assert.equal(await wordsOf(t, program), undefined);
  });
}

for (const [how, make] of [
  ['it says so', `process.send('ready')`],
  ['it listens', `await new Promise((resolve) => createServer().listen({ port: 0, exclusive: true }, resolve))`],
] as const) {
  test(`a while after it is ready, as ${how}, what it prints is none of them, and nothing of the listening is left`, async (t) => {
    const program = `
      import { createServer } from 'node:net';
      console.error('starting');
      ${make};
      await new Promise((resolve) => setTimeout(resolve, 3200));
      console.error('serving', Object.hasOwn(process.stderr, 'write'));
      process.exit(1);`;
    const worker = new TestWorker(t, { entry: 'main.mjs', files: { 'main.mjs': program } });
    await worker.exit();
    assert.equal(worker.stderr, 'starting\nserving false\n');
    assert.deepEqual(
      worker.messages.filter(({ type }) => type === 'lastWords'),
      [],
    );
  });
}

test('what a program prints just after it listens, before it gives up, is told', async (t) => {
  const program = `
    import { createServer } from 'node:net';
    createServer().listen({ port: 0, exclusive: true }, () => {
      console.error('there is no build');
      process.exit(1);
    });`;
  const worker = new TestWorker(t, { entry: 'main.mjs', files: { 'main.mjs': program } });
  const { stderr } = await worker.message('lastWords');
  assert.equal(stderr, 'there is no build\n');
  await worker.exit();
});
