import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { hold, isTaken } from '../../../src/files/hold.ts';
import { Place } from '../control/helpers.ts';

test('what is not there, or behind what is no directory, is no file', () => {
  using place = new Place();
  writeFileSync(place.file('file'), '');
  symlinkSync('loop', place.file('loop'));
  for (const name of ['none', 'none/below', 'file/below', 'loop/below']) {
    assert.equal(
      hold(place.file(name), () => true),
      undefined,
      name,
    );
    assert.equal(isTaken(place.file(name)), false, name);
  }
  for (const name of ['file', 'loop'])
    assert.equal(
      hold(place.file(name), () => true),
      true,
      name,
    );
});

const here = (path: string): string => JSON.stringify(new URL(`../../../src/${path}.js`, import.meta.url).href);

/** Looks at a file that is there with no descriptor left, or with too few, and then with enough. */
const PROGRAM = `
  import { closeSync, existsSync, openSync } from 'node:fs';
  const { hold, isTaken } = await import(${here('files/hold')});
  const { isOwn } = await import(${here('scoreboard/look')});
  const { sweepLeftovers } = await import(${here('scoreboard/leftovers')});
  const { isFitDirectory } = await import(${here('control/files/directories')});
  const { connectTo, probe } = await import(${here('control/files/probe')});
  const [path, directory, leftover] = process.argv.slice(1);
  const looks = {
    hold: () => hold(path, () => true),
    isTaken: () => isTaken(path),
    isOwn: () => isOwn(path),
    isFitDirectory: () => isFitDirectory(directory),
    sweep: () => (sweepLeftovers(directory, () => false), existsSync(leftover)),
  };
  const opened = [];
  const fill = () => { try { for (;;) opened.push(openSync('/')); } catch {} };
  const told = {};
  const owner = { uid: process.geteuid(), gid: process.getegid() };
  for (const left of process.argv.slice(4).map(Number)) {
    fill();
    for (const fd of opened.splice(0, left)) closeSync(fd);
    told[left] = Object.entries(looks).map(([name, look]) => {
      try { return name + ' ' + look(); } catch ({ message }) { return name + ' ' + /EMFILE/.exec(message); }
    });
    told[left].push('probe ' + await probe(path, owner));
  }
  console.log(JSON.stringify(told));`;

test(
  'a process that has no descriptor left does not take a file for missing',
  { skip: process.platform !== 'linux' },
  () => {
    using place = new Place();
    const [path, directory] = [place.file('file'), place.file('d')];
    writeFileSync(path, '');
    mkdirSync(directory, 0o700);
    const leftover = place.file(`d/prefork-${process.geteuid!()}-1-gone.state`);
    mkdirSync(leftover);
    const args = ['--input-type=module', '-e', PROGRAM, path, directory, leftover, '0', '2', '20'];
    const script = 'ulimit -n 80; exec "$@"';
    const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, ...args], {
      encoding: 'utf8',
    });
    const failed = [
      'hold EMFILE',
      'isTaken EMFILE',
      'isOwn EMFILE',
      'isFitDirectory EMFILE',
      'sweep true',
      'probe live',
    ];
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), {
      0: failed,
      2: failed.map((told) => (told.startsWith('isTaken') ? 'isTaken true' : told)),
      20: ['hold true', 'isTaken true', 'isOwn true', 'isFitDirectory true', 'sweep false', 'probe gone'],
    });
  },
);
