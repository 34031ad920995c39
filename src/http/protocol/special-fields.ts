/** The fields that the protocol itself acts upon. */
export const OTHER = 0;
export const HOST_FIELD = 1;
export const EXPECT = 2;
export const UPGRADE = 3;
export const CONNECTION = 4;
export const CONTENT_LENGTH = 5;
export const TRANSFER_ENCODING = 6;
export const AUTHORIZATION = 7;

/** The fields by their length. All lengths differ, so a name is compared with one other at most. */
const BY_LENGTH: ReadonlyArray<readonly [name: Uint8Array, field: number] | undefined> = table({
  host: HOST_FIELD,
  expect: EXPECT,
  upgrade: UPGRADE,
  connection: CONNECTION,
  'content-length': CONTENT_LENGTH,
  'transfer-encoding': TRANSFER_ENCODING,
  authorization: AUTHORIZATION,
  'proxy-authorization': AUTHORIZATION,
});

export function specialField(bytes: Uint8Array, from: number, to: number): number {
  const known = BY_LENGTH[to - from];
  if (known === undefined) return OTHER;
  return isName(bytes, from, known[0]) ? known[1] : OTHER;
}

/** @param name in lower case. Its bytes are letters and '-', and 0x20 is what distinguishes the cases of a letter. */
export function isName(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) if ((bytes[from + at]! | 0x20) !== name[at]) return false;
  return true;
}

function table(fields: Readonly<Record<string, number>>): ReadonlyArray<readonly [Uint8Array, number] | undefined> {
  const byLength = Array.from<readonly [Uint8Array, number] | undefined>({ length: 20 });
  for (const [name, field] of Object.entries(fields)) byLength[name.length] = [Buffer.from(name), field];
  return byLength;
}
