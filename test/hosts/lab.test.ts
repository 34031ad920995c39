/** The lab itself: hosts are machines of their own, and nothing is left of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { test } from 'node:test';
import { isAlive } from '../support/leftovers.ts';
import { poll } from '../support/watched.ts';
import { noLab } from './lab/missing.ts';
import { Network } from './lab/network.ts';

const skip = await noLab();

const PORT = 1234;

test('hosts have networks, processes, names, files and boots of their own', { skip }, async () => {
  await using network = await Network.start();
  const { host: one } = await network.host('one', 1);
  await using _one = one;
  const { host: two, address } = await network.host('two', 2);
  await using _two = two;
  const differs = async (program: string, ...args: string[]): Promise<void> => {
    const said = await Promise.all([one, two].map((host) => host.must(program, ...args)));
    assert.notEqual(said[0], said[1], `${program} ${args.join(' ')}`);
  };
  await differs('hostname');
  await differs('cat', '/proc/sys/kernel/random/boot_id');
  await differs('readlink', '/proc/self/ns/net');
  await differs('readlink', '/proc/self/ns/pid');
  two.write('/dev/shm/only-two', '');
  two.write('/srv/only-two', '');
  assert.deepEqual([one.list('/dev/shm').includes('only-two'), one.list('/srv').includes('only-two')], [false, false]);

  two.start(process.execPath, ['-e', `require('net').createServer((socket) => socket.end()).listen(${PORT})`]);
  const hears = async (): Promise<boolean> => {
    const connect = `exec 3<>/dev/tcp/${address}/${PORT}`;
    return (await one.run('timeout', '1', 'bash', '-c', connect)).code === 0;
  };
  await poll(async () => (await hears()) || undefined, 'a way from host to host');
  await network.cut(two);
  assert.equal(await hears(), false);
  await network.join(two);
  await poll(async () => (await hears()) || undefined, 'the way back');
});

/** Starts a network with a host, and says which processes that are. */
const opens = `
import { Network } from '${new URL('lab/network.js', import.meta.url).href}';
const network = await Network.start();
const { host, address } = await network.host('one', 1);
host.start('sleep', ['1000']);
console.log(JSON.stringify({ pid: host.pid, address }));
setInterval(() => {}, 1000);
`;

test('a test that is killed leaves no process and no network', { skip }, async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', opens], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as unknown[];
  const { pid, address } = JSON.parse(String(line)) as { pid: number; address: string };
  const interfaces = (): string[] =>
    Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address: own }) => own));
  const own = address.replace(/\d+$/, '254');
  assert.ok(isAlive(pid) && interfaces().includes(own));
  child.kill('SIGKILL');
  await poll(() => (isAlive(pid) || interfaces().includes(own) ? undefined : true), 'the end of the host');
});
