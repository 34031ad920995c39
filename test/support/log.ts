/** Parses prefork's log for tests. The log is an interface: a line becomes an event, and its other text is ignored. */

export interface LogEvent {
  /** The name, for example `worker exited`. */
  readonly name: string;
  /** The message of events that have one: `error: <message>`. */
  readonly message: string | undefined;
  /** The fields, such as `slot=0 pid=4711`, as text. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The fields that an event must have. Numbers are compared as text. */
export type Fields = Readonly<Record<string, string | number>>;

/**
 * Parses `prefork: <words>[: <message>] key=value ...`. The result is undefined for any other line, which belongs to
 * the application.
 */
export function parseLogLine(line: string): LogEvent | undefined {
  const [, text] = /^prefork: (.+)$/.exec(line) ?? [];
  if (text === undefined) return undefined;
  const [, words, pairs = ''] = /^(.*?)((?: [a-z]\w*=(?:"(?:[^"\\]|\\.)*"|\S+))*)$/i.exec(text)!;
  const [, name, message] = /^([^:]*)(?:: (.*))?$/.exec(words!) ?? [undefined, words];
  return { name: name!, message, fields: parseFields(pairs) };
}

function parseFields(pairs: string): Record<string, string> {
  const matches = pairs.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g);
  return Object.fromEntries(
    [...matches].map(([, key, value]) => [key, value!.startsWith('"') ? (JSON.parse(value!) as string) : value!]),
  );
}

export function matches(event: LogEvent, name: string, fields: Fields): boolean {
  return event.name === name && Object.entries(fields).every(([key, value]) => event.fields[key] === String(value));
}

/** Parses `200ms`, `4.2s` or `3m` into ms. */
export function milliseconds(time: string): number {
  const [, number, unit] = /^([\d.]+)(ms|s|m|h)$/.exec(time) ?? [];
  if (unit === undefined) throw new Error(`not a time: ${time}`);
  return Number(number) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
}
