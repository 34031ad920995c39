/** prefork's log as tests read it: an interface, so lines become events and nothing else of them is looked at. */

export interface LogEvent {
  /** `worker exited` */
  readonly name: string;
  /** Of events that have one: `error: <message>`. */
  readonly message: string | undefined;
  /** `slot=0 pid=4711`, as text. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What a test asks an event to have: numbers are compared as text. */
export type Fields = Readonly<Record<string, string | number>>;

/** `prefork: <words>[: <message>] key=value ...`; undefined for any other line, which is the application's own. */
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

/** `200ms`, `4.2s`, `3m` in ms. */
export function milliseconds(time: string): number {
  const [, number, unit] = /^([\d.]+)(ms|s|m|h)$/.exec(time) ?? [];
  if (unit === undefined) throw new Error(`not a time: ${time}`);
  return Number(number) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
}
