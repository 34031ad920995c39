/** Tests the worker's end of a channel: which handles are taken from Node, however the lines are cut into reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMAND, HANDLE_PREFIX } from '../../../src/ipc/channel.ts';
import { HandlesPastNode } from '../../../src/ipc/handle-reader.ts';
import { readBuffer } from '../../support/read-buffer.ts';

interface FakeHandle {
  readonly name: string;
}

/** A channel, with what Node gets of it. */
class Bench {
  readonly text: string[] = [];
  /** Handles that Node got, with the read in which it did. */
  readonly nodes: string[] = [];
  readonly #channel = {
    onread: (bytes?: ArrayBuffer): void => {
      const { pendingHandle } = this.#channel;
      this.#channel.pendingHandle = null;
      this.text.push(Buffer.from(bytes!, 0, this.#channel.bytesRead - this.#told).toString());
      this.#told = this.#channel.bytesRead;
      if (pendingHandle !== null) this.nodes.push(pendingHandle.name);
    },
    pendingHandle: null as FakeHandle | null,
    // What was read before the channel was taken over.
    bytesRead: 1000,
  };
  #told = 1000;
  readonly reader: HandlesPastNode = HandlesPastNode.of({ [Symbol('kChannelHandle')]: this.#channel })!;

  read(text: string, name?: string): void {
    this.#channel.pendingHandle = name === undefined ? null : { name };
    const bytes = Buffer.from(text);
    this.#channel.bytesRead += bytes.length;
    this.#channel.onread(readBuffer(bytes));
  }

  take(): string | undefined {
    return (this.reader.take() as unknown as FakeHandle | undefined)?.name;
  }
}

const ours = `${HANDLE_PREFIX}"body":{"type":"handoff","id":1}}\n`;
const other = '{"some":"message"}\n';
const nodes = '{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}\n';
/** A line of ours that has within it what another one begins with. */
const nested = `${HANDLE_PREFIX}"body":{"x":{"cmd":"${COMMAND}","handle":true,"z":1}}}\n`;

test('wherever a line of ours is cut, its handle is taken, and Node reads all', () => {
  for (const line of [ours, nested]) {
    for (let cut = 1; cut < line.length; cut++) {
      const bench = new Bench();
      bench.read(other + line.slice(0, cut), 'first');
      bench.read(line.slice(cut) + ours, 'second');
      assert.deepEqual([bench.take(), bench.take(), bench.nodes], ['first', 'second', []], `cut at ${cut}`);
      assert.equal(bench.text.join(''), other + line + ours);
    }
  }
});

test('one that is read in many parts has one handle', () => {
  const bench = new Bench();
  for (let at = 0; at < nested.length; at++) bench.read(nested.charAt(at), at === 0 ? 'first' : undefined);
  bench.read(ours, 'second');
  assert.deepEqual([bench.take(), bench.take(), bench.take(), bench.nodes], ['first', 'second', undefined, []]);
});

test('a message whose handle got lost is without one, and the next one’s is not taken for it', () => {
  for (let cut = 1; cut < ours.length; cut++) {
    const bench = new Bench();
    bench.read(ours.slice(0, cut));
    bench.read(ours.slice(cut) + ours, 'second');
    assert.deepEqual([bench.take(), bench.take()], [undefined, 'second'], `cut at ${cut}`);
  }
});

test('the handle of a line of Node’s own is Node’s, wherever that is cut', () => {
  for (let cut = 1; cut < nodes.length; cut++) {
    const bench = new Bench();
    bench.read(other + nodes.slice(0, cut), 'nodes');
    bench.read(nodes.slice(cut));
    assert.deepEqual([bench.nodes, bench.take()], [['nodes'], undefined], `cut at ${cut}`);
    bench.read(ours, 'ours');
    assert.equal(bench.take(), 'ours');
  }
});
