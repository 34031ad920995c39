/** Runs a process with several starters, for take-path.test.ts. In each round, all of them try to take `a.sock`. */
import type { Server } from 'node:net';
import { join } from 'node:path';
import { takePath } from '../../../../src/control/files/take-path.ts';
import { closed, listenOn } from '../helpers.ts';

type Order = { readonly take: string; readonly count: number } | { readonly end: true };

let servers: Server[] = [];

process.on('message', (order: Order) => void obey(order).then((answer) => process.send!(answer)));
process.send!([]);

async function obey(order: Order): Promise<string[]> {
  if ('end' in order) {
    await Promise.all(servers.map(closed));
    return [];
  }
  const names = Array.from({ length: order.count }, (_, index) => `own-${process.pid}-${index}`);
  servers = await Promise.all(names.map((name) => listenOn(join(order.take, name))));
  const results = await Promise.all(names.map((name) => takePath(join(order.take, name), join(order.take, 'a.sock'))));
  return names.filter((_, index) => results[index]);
}
