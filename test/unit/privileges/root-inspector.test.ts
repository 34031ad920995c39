import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { refuseRootsInspector } from '../../../src/privileges/root-inspector.ts';
import { inRoot } from '../../support/paths.ts';
import { Watched } from '../../support/watched.ts';

const opening: ReadonlyArray<readonly [readonly string[], string | undefined]> = [
  [['--inspect'], undefined],
  [['--inspect=127.0.0.1:0'], undefined],
  [['--inspect-brk'], undefined],
  [['--inspect_wait=0'], undefined],
  [[], '--no-warnings --inspect=0'],
];

for (const [flags, variable] of opening) {
  test(`is refused: ${flags.join(' ')} ${variable ?? ''}`, () => {
    assert.throws(
      () => refuseRootsInspector(flags, variable),
      /^UsageError: --user: --inspect.*by --node-arg=--inspect/,
    );
  });
}

test('flags that open none are not', () => {
  refuseRootsInspector([], undefined);
  refuseRootsInspector(['--inspect-port=0', '--inspect-publish-uid=stderr'], '--disable-sigusr1');
});

/** Starts a process with an open inspector, which refuses it when its input ends. */
function opened(t: TestContext): { child: ChildProcess; said: () => string; address: Promise<RegExpExecArray> } {
  const module = pathToFileURL(inRoot('dist/privileges/root-inspector.js')).href;
  const code = `import { open } from 'node:inspector';
    import { refuseRootsInspector } from '${module}';
    open(0, '127.0.0.1');
    process.stdin.resume().once('end', () => {
      try {
        refuseRootsInspector();
      } catch (error) {
        console.error(error.message);
        process.exitCode = 2;
      }
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const changes = new Watched();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    changes.changed();
  });
  const find = (): RegExpExecArray | undefined => /ws:\/\/127\.0\.0\.1:(\d+)(\S+)/.exec(stderr) ?? undefined;
  return { child, said: () => stderr, address: changes.until(find, 'the inspector') };
}

test('one that is open is closed', async (t) => {
  const { child, said, address } = opened(t);
  const [, port] = await address;
  child.stdin!.end();
  assert.deepEqual(await once(child, 'close'), [2, null]);
  assert.match(said(), /--user: node’s inspector is open in root’s process/);
  await assert.rejects(once(connect(Number(port), '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
});

test('a client that does not leave it does not keep the process', async (t) => {
  const { child, said, address } = opened(t);
  const [, port, path] = await address;
  const client = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  t.after(() => client.destroy());
  const head = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: eA==', 'Sec-WebSocket-Version: 13'];
  client.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${head.join('\r\n')}\r\n\r\n`);
  await once(client, 'data');
  child.stdin!.end();
  assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL']);
  assert.match(said(), /prefork: --user: node’s inspector is open in root’s process/);
});
