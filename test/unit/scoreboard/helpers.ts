import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Header, Row } from '../../../src/scoreboard/layout.ts';
import { FORMAT, ROW_BYTES } from '../../../src/scoreboard/layout.ts';
import { BLANK } from '../../../src/scoreboard/record.ts';
import { thisPrimary } from '../../../src/scoreboard/stale.ts';

/** Makes a directory that goes away with the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Opens something, closes its descriptor behind its back, and has another file get the number.
 *
 * @returns what was opened, the number, and the path of the other file
 */
export function robbed<Opened>(t: TestContext, open: () => Opened): { opened: Opened; fd: number; other: string } {
  const other = join(temporaryDirectory(t), 'other');
  writeFileSync(other, '');
  const lowest = openSync(other, 'r+');
  closeSync(lowest);
  const opened = open();
  closeSync(lowest);
  const fd = openSync(other, 'r+');
  t.after(() => closeSync(fd));
  return { opened, fd, other };
}

/** Makes the header that this process would write, with some changes. */
export function headerWith(changes: Partial<Header> = {}): Header {
  return { format: FORMAT, rowSize: ROW_BYTES, rows: 2, ...thisPrimary(), sharesSockets: 0, ...changes };
}

/** Makes a row whose every number is `value`, so that it is easy to see whether a row comes from one write. */
export function uniformRow(value: number): Row {
  const row = Object.fromEntries(
    Object.entries(BLANK).map(([name, blank]) => [
      name,
      blank instanceof Float64Array ? blank.map(() => value) : value,
    ]),
  );
  return { ...row, state: 'ready' } as unknown as Row;
}
