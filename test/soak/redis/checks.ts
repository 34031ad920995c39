/** Checks histories of calls against what `prefork/state` promises. */
import assert from 'node:assert/strict';

/** A time in which a process took itself for the holder of a lease. */
export interface Hold {
  readonly token: number;
  readonly from: number;
  readonly until: number;
}

/**
 * Checks that there was never more than one holder, and that tokens grew from holder to holder.
 *
 * @param overlap how long a holder may not have noticed, in ms, that Redis has forgotten its lease.
 */
export function holders(holds: readonly Hold[], overlap = 0): string {
  const inOrder = holds.toSorted((a, b) => a.from - b.from);
  for (const [index, hold] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before === undefined) continue;
    assert.ok(before.until - overlap <= hold.from, `two held at once: ${JSON.stringify([before, hold])}`);
    assert.ok(before.token < hold.token, `the token fell: ${JSON.stringify([before, hold])}`);
  }
  return `${holds.length} holders, one at a time, and every token larger than the last`;
}

/**
 * Checks that each listener heard rising numbers, and that it was told of every hole.
 *
 * @param sent the messages that were acknowledged. The others may have been lost on their way to the server.
 */
export function messages(heard: ReadonlyArray<ReadonlyArray<number | 'gap'>>, sent: ReadonlySet<number>): string {
  let count = 0;
  let gaps = 0;
  for (const [client, all] of heard.entries()) {
    let last = 0;
    let wasTold = true;
    for (const message of all) {
      if (message === 'gap') {
        wasTold = true;
        gaps++;
        continue;
      }
      count++;
      assert.ok(message > last, `client ${client} heard ${message} after ${last}`);
      const before: number = last;
      const missed = Array.from({ length: message - before - 1 }, (_, nth) => before + 1 + nth);
      const untold: number | undefined = wasTold ? undefined : missed.find((number) => sent.has(number));
      assert.equal(untold, undefined, `client ${client} missed a message, and was not told`);
      last = message;
      wasTold = false;
    }
  }
  return `${count} heard in order, ${gaps} gaps, each told`;
}
