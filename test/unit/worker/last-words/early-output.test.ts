import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { EarlyOutput } from '../../../../src/worker/last-words/early-output.ts';

/** Runs a program in a process with an `EarlyOutput`, which is made before anything else. @returns what the process prints */
function run(program: string): { stdout: string; stderr: string } {
  const module = JSON.stringify(new URL('../../../../src/worker/last-words/early-output.js', import.meta.url));
  const text = `
    import { EarlyOutput } from ${module};
    const getter = () => Object.getOwnPropertyDescriptor(process, 'stderr');
    const before = getter();
    const early = new EarlyOutput();
    ${program}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(status, 0, stderr);
  return { stdout, stderr };
}

const programs: ReadonlyArray<[what: string, program: string, stdout: unknown, stderr: string]> = [
  ['process.stderr', `process.stderr.write('a'); process.stderr.write('b\\n')`, 'ab\n', 'ab\n'],
  ['console.error and console.warn', `console.error('a %d', 1); console.warn('b')`, 'a 1\nb\n', 'a 1\nb\n'],
  ['bytes', `process.stderr.write(Buffer.from('ä')); process.stderr.write(new Uint8Array([33]))`, 'ä!', 'ä!'],
  ['stdout, which is another', `console.log(); console.info()`, '', ''],
];

for (const [what, program, remembered, printed] of programs) {
  test(`${what} is remembered, and printed as ever`, () => {
    const { stdout, stderr } = run(`${program}; console.log(JSON.stringify(early.text))`);
    assert.equal(JSON.parse(stdout), remembered);
    assert.equal(stderr, printed);
  });
}

test('the end of what is long is remembered, all of it is printed', () => {
  const program = `console.error('start ' + 'x'.repeat(20_000)); console.error('end'); console.log(early.text)`;
  const { stdout, stderr } = run(program);
  assert.equal(stdout.length, 8192 + '\n'.length);
  assert.match(stdout, /^x+\nend\n\n$/);
  assert.match(stderr, /^start x{20000}\nend\n$/);
});

test('a callback and an encoding get through', () => {
  const program = `process.stderr.write('6869', 'hex', () => console.log('written'))`;
  assert.deepEqual(run(program), { stdout: 'written\n', stderr: 'hi' });
});

test('when it stops nothing of it is left', () => {
  const program = `
    console.error('a');
    const wrapped = Object.hasOwn(process.stderr, 'write');
    early.stop();
    early.stop();
    console.error('b');
    console.log(wrapped, Object.hasOwn(process.stderr, 'write'), getter().get === before.get, early.text === '')`;
  assert.deepEqual(run(program), { stdout: 'true false true true\n', stderr: 'a\nb\n' });
});

test('where stderr is not used it is as Node made it, before and after', () => {
  const before = Object.getOwnPropertyDescriptor(process, 'stderr');
  const early = new EarlyOutput();
  assert.notDeepEqual(Object.getOwnPropertyDescriptor(process, 'stderr'), before);
  early.stop();
  assert.deepEqual(Object.getOwnPropertyDescriptor(process, 'stderr'), before);
});

test('a function that the program has put around write stays', () => {
  const program = `
    const { write } = process.stderr;
    process.stderr.write = (text, ...rest) => write.call(process.stderr, text.toUpperCase(), ...rest);
    console.error('a');
    const { text } = early;
    early.stop();
    console.error('b');
    console.log(text === 'A\\n', early.text === '')`;
  assert.deepEqual(run(program), { stdout: 'true true\n', stderr: 'A\nB\n' });
});

test('a program may have put a stream of its own there', () => {
  const program = `
    const own = { write: () => true };
    Object.defineProperty(process, 'stderr', { value: own });
    early.stop();
    console.log(process.stderr === own)`;
  assert.deepEqual(run(program), { stdout: 'true\n', stderr: '' });
});
