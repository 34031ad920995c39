import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionsMarkdown } from '../../../src/options/markdown.ts';
import { optionKeys } from '../../../src/options/table.ts';

const rows = optionsMarkdown().trimEnd().split('\n');

test('has a row for every option, all of six cells', () => {
  assert.equal(rows.length, optionKeys.length + 2);
  for (const row of rows) assert.equal(row.match(/(?<!\\)\|/g)?.length, 7, row);
});

test('a row', () => {
  assert.equal(
    rows.find((row) => row.startsWith('| `workers`')),
    '| `workers` | `--workers <n\\|auto\\|n..n>`, `-w` | `PREFORK_WORKERS` | a whole number from 1 to 1024, auto, or a range of these such as 2..8 | `auto` | ' +
      'How many workers run. auto: one for each core that this process may use (affinity and cgroup quota). A range, such as 2..8 or 1..auto: as many as the load needs. |',
  );
});
