import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelFigures } from '../../../../src/primary/workers/kernel-figures.ts';

const MB = 1_048_576;

/** A machine on which process 7 is a child of process 1. */
function machine(): { files: Record<string, string>; figures: KernelFigures } {
  const files: Record<string, string> = {};
  return { files, figures: new KernelFigures((path) => files[path], 1) };
}

function live(files: Record<string, string>, megabytes: number, ticks: number, parent = 1): void {
  files['/proc/7/stat'] = `7 (node) S ${parent} 7 7 0 -1 0 0 0 0 0 ${ticks} 0 0 0 20 0 1 0 5`;
  files['/proc/7/status'] = `Name:\tnode\nVmHWM:\t  ${200 * 1024} kB\nVmRSS:\t  ${megabytes * 1024} kB\nThreads:\t11\n`;
}

test('memory and CPU time of a child are the kernel’s, at most once a second', () => {
  const { files, figures } = machine();
  live(files, 60, 12);
  assert.deepEqual(figures.of(7, 0), { rss: 60 * MB, peak: 200 * MB, cpu: 120 });
  live(files, 70, 13);
  assert.deepEqual(figures.of(7, 999), { rss: 60 * MB, peak: 200 * MB, cpu: 120 });
  assert.deepEqual(figures.of(7, 1000), { rss: 70 * MB, peak: 200 * MB, cpu: 130 });
});

test('a child that has ended had what was seen last, until it is forgotten', () => {
  const { files, figures } = machine();
  live(files, 60, 12);
  figures.of(7, 0);
  // A zombie has no memory.
  files['/proc/7/status'] = 'Name:\tnode\nState:\tZ (zombie)\n';
  assert.deepEqual(figures.of(7, 2000), { rss: 60 * MB, peak: 200 * MB, cpu: 120 });
  figures.gone(7);
  assert.equal(figures.of(7, 2001), undefined);
});

test('a process that is no child says nothing, nor one that /proc hides', () => {
  const { files, figures } = machine();
  assert.equal(figures.of(7, 0), undefined);
  live(files, 60, 12, 2);
  assert.equal(figures.of(7, 1000), undefined);
});
