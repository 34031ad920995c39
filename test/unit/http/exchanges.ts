/** Tests by exchanges: what is sent on a connection of its own, and what comes back until it closes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context, ServerOptions } from '../../../src/http.ts';
import { essence, serve } from './helpers.ts';

export interface Exchange {
  readonly what: string;
  readonly handler: (ctx: Context) => unknown;
  readonly options?: ServerOptions;
  readonly sent: string;
  /** The answer, without Server and Date, and with LF for CRLF. */
  readonly answer: string;
}

export const close: Readonly<Record<string, string>> = { Connection: 'close' };
export const PLAIN = 'Content-Type: text/plain; charset=utf-8\n';
export const CLOSE = 'Connection: close\n\n';

/** Makes tests of each, whole and byte by byte. */
export function testExchanges(exchanges: readonly Exchange[]): void {
  for (const { what, handler, options, sent, answer } of exchanges) {
    test(`answers ${what}`, async (t) => {
      const { client, log } = await serve(t, { handler, ...options });
      const whole = client();
      whole.send(sent);
      await whole.closed();
      assert.equal(essence(whole.text), answer);
      assert.deepEqual(log.errors, []);
    });

    test(`answers ${what}, byte by byte`, async (t) => {
      const { client } = await serve(t, { handler, ...options });
      const slow = client();
      await once(slow.socket.setNoDelay(), 'connect');
      for (const byte of sent) {
        slow.send(byte);
        await nextTurn();
      }
      await slow.closed();
      assert.equal(essence(slow.text), answer);
    });
  }
}
