/**
 * Tests what a new operation costs: a file, a row in the table of operations, and a row in contract/operations.ts where
 * people can ask for it. A copy of the sources gets these and nothing else. It has to compile, and the operation has to
 * work from its route to the fleet, in the command's help, and in `/status`.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Replaces the worker of one slot, and is done when it serves. */
const file = `
import { bootSuccessor } from '../boot.ts';
import type { Procedure } from './procedure.ts';

export const shuffle: Procedure<'shuffle'> = {
  begin(step, { slot = 0 }) {
    const chosen = step.fleet.slots[slot];
    if (chosen === undefined) return { ok: false, reason: 'there is no such slot' };
    bootSuccessor(step, chosen);
    return undefined;
  },
  advance: ({ fleet }) => (fleet.slots.some(({ successor }) => successor !== undefined) ? 'waiting' : 'done'),
  ended() {},
};
`;

const row = `
  shuffle: {
    procedure: shuffle,
    retires: 'reload',
    parks: false,
    owns: 'successors',
    takesOldSpares: false,
    tellsOfWaiting: true,
    signals: () => [],
  },
`;

const words = `
  shuffle: {
    fields: { slot: { type: 'integer', min: 0, max: 1023 } },
    usage: 'shuffle [--slot <n>]',
    about: 'Try new code in one slot.',
  },
`;

/** Runs in the copy, and prints what it has seen. */
const trial = `
import { answer } from './dist/control/routes.js';
import { statusSchema } from './dist/control/status/status-schema.js';
import { operationVerb } from './dist/cli/commands/operation.js';
import { verbs } from './dist/cli/verbs.js';
import { PrimaryControls } from './dist/primary/endpoints/controls.js';
import { decide } from './dist/primary/fleet/decide.js';
import { newFleet } from './dist/primary/fleet/fleet.js';

const settings = { workers: 1, spares: 0, maxSurge: 1, maxBoots: 9, ready: 'listen', readyTimeout: 1, settle: 0, drainTimeout: 1, drainDelay: 0,
  shutdownGracePeriod: 1, heartbeatTimeout: 0, hangStack: 'off', recoverThreshold: 0, recoverWindow: 1, recoverInterval: 1 };
const seen = {};
const effects = [];
let fleet = newFleet(1);
const send = (event) => {
  const decision = decide(fleet, settings, event, 0);
  fleet = decision.fleet;
  effects.push(...decision.effects);
};
const boot = (worker) => {
  send({ type: 'forked', worker, pid: 1000 + worker });
  send({ type: 'granted', worker });
  send({ type: 'opened', worker, address: 'here' });
  send({ type: 'due', timer: { timer: 'settle', worker } });
  send({ type: 'serving', worker });
};
send({ type: 'start' });
boot(1);
const supervisor = {
  ask: (eventOf) => {
    send(eventOf(7));
    seen.running = fleet.running.operation.kind;
    send({ type: 'operate', kind: 'reload' });
    seen.waits = effects.findLast((effect) => effect.event?.name === 'operation waits')?.event.facts.operation;
    boot(2);
    return Promise.resolve(effects.find((effect) => effect.do === 'answer' && effect.request === 7)?.outcome);
  },
};
const controls = new PrimaryControls({ supervisor, sharing: 'shared', balance: 'kernel' });
const gate = { refuse: () => undefined, isTrusted: () => true };
const post = (target) => answer({ method: 'POST', target, body: '' }, controls, gate);
seen.answer = JSON.parse((await post('/shuffle?slot=0')).body);
seen.tooMuch = (await post('/shuffle?slot=4096')).status;
seen.retired = effects.find((effect) => effect.do === 'drain')?.worker;
seen.verb = verbs.shuffle.usage;
seen.inStatus = JSON.stringify(statusSchema).includes('"shuffle"');
const { write } = process.stdout;
let help = '';
process.stdout.write = (text) => ((help += text), true);
await operationVerb('shuffle')(['--help']);
process.stdout.write = write;
seen.help = help.includes('--slot <n>');
console.log(JSON.stringify(seen));
`;

test('a new operation is one file, one row, and one row of words', () => {
  const copy = mkdtempSync(join(tmpdir(), 'prefork-operation-'));
  try {
    for (const name of ['src', 'package.json', 'tsconfig.base.json'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const table = join(copy, 'src/primary/fleet/operations/table.ts');
    writeFileSync(join(copy, 'src/primary/fleet/operations/shuffle.ts'), file);
    edit(table, 'import { recycle }', "import { shuffle } from './shuffle.ts';\nimport { recycle }");
    edit(table, '  reload: {', `${row}  reload: {`);
    edit(join(copy, 'src/contract/operations.ts'), '  reload: {', `${words}  reload: {`);
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(copy, 'src')], {
      encoding: 'utf8',
    });
    writeFileSync(join(copy, 'trial.mjs'), trial);
    const seen = JSON.parse(execFileSync(process.execPath, [join(copy, 'trial.mjs')], { encoding: 'utf8' })) as object;
    assert.deepEqual(seen, {
      running: 'shuffle',
      waits: 'reload',
      answer: { ok: true, generation: 1, workers: 1, took: 0 },
      tooMuch: 400,
      retired: 1,
      verb: 'shuffle [--slot <n>]',
      inStatus: true,
      help: true,
    });
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('no operation is known by its name outside of its folder', () => {
  const fleet = join(root, 'src/primary');
  const files = readdirSync(fleet, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  for (const path of files.filter((one) => !one.startsWith('fleet/operations/'))) {
    const text = readFileSync(join(fleet, path), 'utf8');
    assert.doesNotMatch(
      text,
      /kind\s*[!=]==\s*'|case '(?:reload|scale|recycle|upgrade)'|retire\([^)]*'(?:reload|scale|recycle|upgrade)'/,
      path,
    );
  }
});

function edit(path: string, before: string, after: string): void {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(before), `${path} has no ${before}`);
  writeFileSync(path, text.replace(before, after));
}
