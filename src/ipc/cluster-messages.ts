/**
 * Checks what a worker says to node:cluster's primary half, which believes everything: a port of 99,999 or an address
 * that is an object makes it throw. Only `round-robin` uses that half.
 */
type Check = (value: unknown) => boolean;

const absent: Check = (value) => value === undefined || value === null;
const integer: Check = (value) =>
  absent(value) || (typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) < 2 ** 31);
const boolean: Check = (value) => value === undefined || typeof value === 'boolean';
const text: Check = (value) => absent(value) || (typeof value === 'string' && value.length <= 1024);
const anything: Check = () => true;
const port: Check = (value) =>
  absent(value) || (typeof value === 'number' && Number.isInteger(value) && value >= -1 && value <= 65_535);
const families: readonly unknown[] = [-1, 4, 6, 'udp4', 'udp6', 'IPv4', 'IPv6'];
const family: Check = (value) => absent(value) || families.includes(value);

const address = { address: text, port, addressType: family, fd: integer };

/** The fields by `act`: see `lib/internal/cluster/child.js` of Node 20 to 26. An answer has `ack` instead of `act`. */
const acts: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  online: {},
  exitedAfterDisconnect: {},
  listening: address,
  close: { key: (value) => typeof value === 'string' && text(value) },
  queryServer: {
    ...address,
    address: (value) => text(value) && value !== '',
    index: integer,
    flags: integer,
    backlog: integer,
    readableAll: boolean,
    writableAll: boolean,
    data: anything,
  },
};

const answer: Readonly<Record<string, Check>> = { ack: (value) => integer(value) && !absent(value), accepted: boolean };

/**
 * Checks a message.
 *
 * @param message a message with the `cmd` of node:cluster.
 */
export function isClusterMessage(message: Readonly<Record<string, unknown>>): boolean {
  const { act, seq } = message;
  const fields =
    act === undefined ? answer : typeof act === 'string' && Object.hasOwn(acts, act) ? acts[act] : undefined;
  return fields !== undefined && integer(seq) && Object.entries(fields).every(([name, check]) => check(message[name]));
}
