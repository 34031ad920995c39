/** Tests the page for users of other servers: what its right columns name exists here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { verbs } from '../../../src/cli/verbs.ts';
import { flagName, optionKeys } from '../../../src/options/table.ts';
import { root } from '../../support/paths.ts';

const page = readFileSync(`${root}docs/coming-from.md`, 'utf8');

/** The rows of the tables: what it is there, and what it is here. */
const rows = [...page.matchAll(/^\| (.*) \| (.*) \|$/gm)].filter(([, there]) => !/^-+$/.test(there!));

/** Flags of commands, which are no options of a server. */
const OF_COMMANDS = new Set(['all', 'json', 'name']);

const flags = new Set(optionKeys.map(flagName));

test('every command and flag that is named exists', () => {
  assert.ok(rows.length > 60, `${rows.length} rows`);
  for (const [row, , here] of rows) {
    for (const [, verb] of here!.matchAll(/`prefork ([a-z]+)(?![\w.])/g)) assert.ok(Object.hasOwn(verbs, verb!), row);
    for (const [, flag] of here!.matchAll(/`[^`]*?--([a-z-]+)/g)) {
      if (/gunicorn’s|gunicorn's/.test(here!)) continue;
      assert.ok(flags.has(flag!) || OF_COMMANDS.has(flag!), `${flag}: ${row}`);
    }
  }
});

test('every option that stands for a field of an ecosystem file exists', () => {
  const [, table = ''] = page.split('| Field of the ecosystem file | Here |');
  const [fields] = table.split('\n\n');
  const keys: readonly string[] = [...optionKeys, 'entry', 'args', 'env'];
  let count = 0;
  for (const [row, , here] of fields!.matchAll(/^\| (.*) \| (.*) \|$/gm)) {
    for (const [, key] of here!.matchAll(/`([a-z]+[A-Z]\w*)`/g)) {
      count += 1;
      assert.ok(keys.includes(key!), `${key}: ${row}`);
    }
  }
  assert.ok(count >= 10, `${count} options`);
});
