import { countOf, open, withServer, type Client } from './server.ts';

const CLIENTS = 1000;
const CONNECTIONS = 20;

/** Checks clients with many connections: each must reach only one slot. Prints how many clients each slot has. */
export async function sticky(): Promise<void> {
  for (const workers of [2, 4, 8])
    await withServer({ mode: 'sticky-ip', workers }, (_app, port) => visit(port, workers));
}

async function visit(port: number, workers: number): Promise<void> {
  const homes: Client[] = [];
  let torn = 0;
  for (let client = 0; client < CLIENTS; client++) {
    const from = `127.${client >> 8}.${client & 255}.2`;
    const visits = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port, from)));
    for (const { socket } of visits) socket.destroy();
    homes.push(visits[0]!);
    if (visits.some(({ answer }) => answer !== visits[0]!.answer)) torn++;
  }
  const counts = countOf(homes, workers);
  const off = Math.max(...counts.map((count) => Math.abs((count * workers) / CLIENTS - 1)));
  console.log(
    `sticky-ip, ${CLIENTS} clients over ${workers}: ${torn} at two slots; clients of slots ${counts.join(' ')}, ${(100 * off).toFixed(0)} % off at most`,
  );
}
