/**
 * Runs a command under several lines of Node, one after another, each from npm's package `node`. Says at the end which of them failed.
 *
 * node scripts/on-nodes.js [20 22 ...] -- <command ...>
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const LINES = ['20', '22', '24', '26'];

const end = process.argv.indexOf('--');
const command = end === -1 ? [] : process.argv.slice(end + 1);
const named = process.argv.slice(2, Math.max(2, end));
if (command.length === 0 || named.some((line) => !/^\d+(\.\d+)*$/.test(line))) {
  console.error('usage: node scripts/on-nodes.js [20 22 ...] -- <command ...>');
  process.exit(2);
}

const failed = (named.length === 0 ? LINES : named).filter((line) => !succeeds(line));
if (failed.length > 0) {
  console.error(`failed on Node ${failed.join(', ')}`);
  process.exitCode = 1;
}

function succeeds(line) {
  const home = mkdtempSync(join(tmpdir(), `prefork-node-${line}-`));
  try {
    const flags = ['install', '--silent', '--no-audit', '--no-fund', '--prefix', home, `node@${line}`];
    if (!runs('npm', flags, process.env)) return false;
    const path = join(home, 'node_modules/node/bin');
    const environment = { ...process.env, PATH: `${path}${delimiter}${process.env.PATH}` };
    console.log(`\n## Node ${line}`);
    return runs('node', ['--version'], environment) && runs(command[0], command.slice(1), environment);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function runs(program, args, env) {
  return spawnSync(program, args, { env, stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}
