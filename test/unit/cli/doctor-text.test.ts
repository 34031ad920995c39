import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { ansi, plain } from '../../../src/cli/colors.ts';
import { doctorText } from '../../../src/cli/doctor-text.ts';
import type { Finding } from '../../../src/doctor/finding.ts';

const well: Finding = { check: 'nofile', level: 'ok', found: '65536', why: 'Because.', mend: [] };
const unwell: Finding = {
  check: 'somaxconn',
  level: 'problem',
  found: '128',
  why: 'A sentence that is long enough to need another line, as it does not fit into one of eighty columns.',
  mend: ['sysctl -w net.core.somaxconn=4096', 'or another way'],
};

test('is in columns, with what is not well explained', () => {
  assert.equal(
    doctorText([well, unwell, { ...well, level: 'note' }], plain),
    `ok       nofile     65536
problem  somaxconn  128
                    A sentence that is long enough to need another line, as it
                    does not fit into one of eighty columns.
                    > sysctl -w net.core.somaxconn=4096
                    > or another way
note     nofile     65536
                    Because.

1 problem, 1 note.
`,
  );
});

test('colours move nothing', () => {
  const colored = doctorText([well, unwell], ansi);
  assert.ok(colored.startsWith('\u001B[32mok\u001B[0m       nofile'), colored);
  assert.equal(stripVTControlCharacters(colored), doctorText([well, unwell], plain));
});

test('all well is one line more', () => {
  assert.equal(doctorText([well], plain), 'ok       nofile  65536\n\nNothing here will hurt a server.\n');
});
