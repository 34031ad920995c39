/**
 * Types the commands of the pages, each as a page has it: the blocks one line after another, and then what the texts name. What a
 * page shows beneath a command has to be printed. test/support/pages/unrun.ts lists what cannot be typed here.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { get } from '../../support/http.ts';
import { blocks, placeOf } from '../../support/pages/blocks.ts';
import { Machine, startsServer } from '../../support/pages/machine.ts';
import { typedFor } from '../../support/pages/placeholders.ts';
import type { Program } from '../../support/pages/program.ts';
import { firstMissing } from '../../support/pages/shape.ts';
import { namedInTexts, textOf, typedIn, type Typed } from '../../support/pages/typed.ts';
import { followed, unrun } from '../../support/pages/unrun.ts';

/** Exit codes that are not 0, by what is typed. */
const exits: Readonly<Record<string, readonly number[]>> = {
  'prefork tsx app.ts': [2],
  // This machine may have settings that hurt.
  'prefork doctor': [0, 1],
  'prefork doctor --json': [0, 1],
  'prefork unit --user --check server.js': [spawnSync('systemd-analyze', ['--version']).status === 0 ? 0 : 1],
};

/** What a page has happen before a command, and what follows it. */
interface Scene {
  readonly of: RegExp;
  /** @returns a program that ends when the command is done, if there is one. */
  readonly before?: (machine: Machine) => Promise<Program | void>;
  readonly after?: (machine: Machine) => Promise<void>;
}

const scenes: readonly Scene[] = [
  { of: /^prefork status$/, before: crash },
  { of: /^prefork stack 0$/, before: spin, after: endSpin },
  { of: /^prefork promote$/, before: watchCanary },
  { of: /^node .*--replay/, before: record },
  { of: /^prefork stop(?! blog)|\/stop\?now$/, after: (machine) => machine.ended() },
  { of: /^prefork upgrade/, after: (machine) => machine.stopSuccessor() },
];

/** What asks several servers, or one of them by name. */
const SEVERAL = /^prefork (?:list|reload shop|stop blog|--app|.*--all)/;

const listed = new Set(unrun.flatMap(({ commands }) => commands));
const isTyped = (typed: Typed): boolean => !listed.has(textOf(typed));
const read = blocks.flatMap((block) => (Object.hasOwn(followed, block.page) ? [] : [{ block, typed: typedIn(block) }]));
const named = namedInTexts();
const starts = (typed: Typed): boolean => startsServer(typedFor(typed.words));

/** The machines. `own` is for pages that start a server. */
const machines = { one: new Machine('one'), several: new Machine('several'), own: new Machine('one') };
after(async () => {
  for (const machine of Object.values(machines)) await machine[Symbol.asyncDispose]();
});

/** What has been typed. */
const done = new Set<string>();

/** Types commands one after another, unless all of them have been typed, and show nothing. */
async function typeAll(commands: readonly Typed[]): Promise<void> {
  if (commands.every(({ words, shown }) => shown.length === 0 && done.has(typedFor(words).join(' ')))) return;
  const machine = machineFor(commands);
  await machine.beginAnew();
  for (const { words, shown } of commands) {
    const typed = typedFor(words);
    const text = typed.join(' ');
    done.add(text);
    const scene = scenes.find(({ of }) => of.test(text));
    const going = await scene?.before?.(machine);
    const output = await machine.type(typed, exits[text]);
    if (going) assert.equal(await going.end(), 0, going.output);
    await scene?.after?.(machine);
    assert.equal(firstMissing(output, shown), undefined, `the page shows a line that is not in\n${output}`);
  }
}

function machineFor(commands: readonly Typed[]): Machine {
  if (commands.some(({ words }) => SEVERAL.test(typedFor(words).join(' ')))) return machines.several;
  return commands.some(starts) ? machines.own : machines.one;
}

for (const { block, typed } of read) {
  const commands = typed.filter(isTyped);
  if (commands.length === 0) continue;
  test(`${placeOf(block)}: ${commands.map(textOf).join('; ')}`, () => typeAll(commands));
}

// Servers are started last, so that the others ask one that runs.
for (const command of named.filter(isTyped).toSorted((one, other) => Number(starts(one)) - Number(starts(other)))) {
  test(textOf(command), () => typeAll([command]));
}

test('each command that is listed as not run is on a page', () => {
  const texts = new Set([...read.flatMap(({ typed }) => typed), ...named].map(textOf));
  assert.deepEqual(
    [...listed].filter((text) => !texts.has(text)),
    [],
  );
});

test('each page that another test follows has commands', () => {
  for (const page of Object.keys(followed))
    assert.ok(blocks.some((block) => block.page === page && typedIn(block).length > 0));
});

/** Acts, and waits for a line of the server's log that comes then. */
async function act<Result>(server: Program, action: () => Result, line: RegExp): Promise<Awaited<Result>> {
  const from = server.output.length;
  const result = await action();
  await server.says(line, from);
  return result;
}

/** The worker in slot 1 ends as one does with a fault in an addon. */
async function crash(machine: Machine): Promise<void> {
  const server = await machine.server();
  const pid = [...server.output.matchAll(/worker ready slot=1 .*?pid=(\d+)/g)].at(-1)![1];
  await act(server, () => process.kill(Number(pid), 'SIGSEGV'), /worker ready slot=1 /);
}

/** The worker in slot 0 gets a request that it does not finish. */
async function spin(machine: Machine): Promise<void> {
  const server = await machine.server();
  const target = { host: '127.0.0.1', port: Number(/listening address=\S+:(\d+)/.exec(server.output)![1]) };
  const busy = server.says(/it spins/);
  const answered = (): Promise<undefined> =>
    get(target, { path: '/spin' }).then(
      () => undefined,
      () => undefined,
    );
  // The kernel chooses the worker: another one answers.
  for (let found; found === undefined;) found = await Promise.race([busy, answered()]);
}

/** No grace helps a worker that is busy for ever. */
async function endSpin(machine: Machine): Promise<void> {
  await machine.type(['prefork', 'stop', '--now']);
  await machine.ended();
}

/** A canary is watched until it is promoted. */
async function watchCanary(machine: Machine): Promise<Program> {
  const server = await machine.server();
  const reload = ['prefork', 'reload', '--canary', '1', '--watch', '1h'];
  return act(server, () => machine.run(reload), /canary watched/);
}

/** A server's figures are recorded. */
async function record(machine: Machine): Promise<void> {
  await using top = await machine.run(['prefork', 'top', '--json', '--interval', '100ms']);
  await top.end();
  writeFileSync(join(machine.home, 'day.jsonl'), top.output);
}
