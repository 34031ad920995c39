/** Returns the keys of a table in their order. The table has no others than its type says. */
export function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(table) as Key[];
}

/** Makes a table with a row for each key. */
export function tableOf<Key extends string, Row>(keys: readonly Key[], rowOf: (key: Key) => Row): Record<Key, Row> {
  return Object.fromEntries(keys.map((key) => [key, rowOf(key)])) as Record<Key, Row>;
}

/** Whether the table has such a row of its own. */
export function isKeyOf<Key extends string>(
  table: Readonly<Partial<Record<Key, unknown>>>,
  key: PropertyKey,
): key is Key {
  return Object.hasOwn(table, key);
}
