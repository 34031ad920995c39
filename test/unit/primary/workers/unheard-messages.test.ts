/** Tests what the log says of messages that nothing hears. The messages are those that the libraries send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnheardMessages } from '../../../../src/primary/workers/unheard-messages.ts';
import { notedLog } from '../../../support/noted-log.ts';

test('each library is named once, with what to do instead', () => {
  const libraries: unknown[] = [];
  const messages = new UnheardMessages(notedLog((_level, _text, { library }) => libraries.push(library)));
  for (const [message, library] of [
    [{ topic: 'log4js:message', data: '[]' }, 'log4js'],
    [{ channel: 'rate_limiter_flexible', type: 'init' }, 'rate-limiter-flexible'],
    [{ source: '_sio_adapter', type: 0 }, '@socket.io/cluster-adapter'],
    [{ clusternodecache: true, sig: 'get' }, 'cluster-node-cache'],
    ['a word', 'unknown'],
  ] as const) {
    messages.take(message);
    messages.take(message);
    assert.equal(libraries.at(-1), library);
  }
  assert.equal(libraries.length, 5);
});

test('no message is trusted', () => {
  const libraries: unknown[] = [];
  const messages = new UnheardMessages(notedLog((_level, _text, { library }) => libraries.push(library)));
  const nested: unknown[] = [];
  for (const message of [
    null,
    undefined,
    7,
    '',
    [],
    nested,
    { topic: { toString: null } },
    { channel: Symbol.iterator },
  ]) {
    messages.take(message);
  }
  assert.deepEqual(libraries, ['unknown']);
});
