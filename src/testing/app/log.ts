/** Parses prefork's log. With `--log-format json` each line is an object. */

/** An event in the primary's log. */
export interface LogEvent {
  /** The time in ms since the epoch. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The name, for example `worker exited`. */
  readonly name: string;
  /** The message of events that have one, such as `error`. */
  readonly message: string | undefined;
  /** The fields, for example `{ slot: 0, pid: 4711 }`. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** A line that the server wrote to stderr. */
export interface OutputLine {
  /** When the line was written, in ms since the epoch. For the application's own lines this is when they arrived. */
  readonly at: number;
  /** The application's own lines unchanged, and prefork's as people read them. */
  readonly text: string;
  /** Undefined for the application's own lines. */
  readonly event: LogEvent | undefined;
}

/**
 * Parses a line.
 *
 * @param now when the line arrived, in ms since the epoch.
 */
export function parseLine(text: string, now: number): OutputLine {
  const event = parseEvent(text);
  return event === undefined ? { at: now, text, event } : { at: event.at, text: textOf(event), event };
}

function parseEvent(text: string): LogEvent | undefined {
  const line = parseObject(text);
  if (line === undefined) return undefined;
  const { time, level, event: name, message, ...fields } = line;
  const at = typeof time === 'string' ? Date.parse(time) : NaN;
  // Applications log JSON too, so the line must look like prefork's own.
  if (Number.isNaN(at) || typeof name !== 'string' || !isLevel(level)) return undefined;
  return { at, level, name, message: message as string | undefined, fields: fields as LogEvent['fields'] };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{"time":')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function isLevel(value: unknown): value is LogEvent['level'] {
  return value === 'debug' || value === 'info' || value === 'warn' || value === 'error';
}

/** Formats an event as `prefork: worker ready slot=0 pid=4711`. */
function textOf({ name, message, fields }: LogEvent): string {
  const words = message === undefined ? name : `${name}: ${message}`;
  return ['prefork:', words, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(' ');
}

/**
 * Tells whether an event has this name and these fields.
 *
 * @param fields the fields that it must have; numbers and texts are compared as text.
 */
export function matches(event: LogEvent, name: string, fields: LogEvent['fields']): boolean {
  return (
    event.name === name && Object.entries(fields).every(([key, value]) => String(event.fields[key]) === String(value))
  );
}
