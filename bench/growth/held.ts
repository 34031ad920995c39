/** Connections that are open and silent, held by processes of their own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../load/hold.mjs', import.meta.url));
/** Of one process and one address of loopback, well below its ports and descriptors. */
const MOST = 10_000;
/** What a process needs beside its connections. */
const SPARE = 1_000;

/** How many connections a server of so many workers can have here, where one worker may have a few more than its share. */
export function most(workers: number): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const hard = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  return Math.floor(((hard - SPARE) * workers) / 1.1);
}

/** Owns the processes that hold the connections. Disposing of it closes all. */
export class Held implements AsyncDisposable {
  readonly #children: ChildProcess[] = [];
  #closed = 0;

  static async open(node: string, port: number, count: number): Promise<Held> {
    const held = new Held();
    try {
      for (let open = 0; open < count; open += MOST) await held.#more(node, port, Math.min(MOST, count - open));
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw error;
    }
    return held;
  }

  /** How many the server has closed. */
  get closed(): number {
    return this.#closed;
  }

  async #more(node: string, port: number, count: number): Promise<void> {
    const from = `127.0.2.${this.#children.length + 1}`;
    const child = spawn(node, [program, String(port), String(count), from], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.once('exit', (code) => reject(new Error(`the holder of ${count} connections ended with ${code}`)));
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#closed += text.split('closed').length - 1;
      if (text.includes('held')) resolve();
    });
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      const ended = once(child, 'exit');
      child.stdin!.end();
      await ended;
    }
  }
}
