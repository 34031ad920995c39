import { printable } from '../../format/printable.ts';
import type { EventFacts, EventName } from './event-table.ts';
import type { LogLevel } from './event-row.ts';
import { lineOf, type Line, type ToldEvent } from './told.ts';

/** The target of log lines. pino, winston and console fit. */
export interface LineSink {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

export type LogFormat = 'text' | 'json';
export type LogThreshold = LogLevel | 'silent';

const severity: Record<LogThreshold, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/**
 * prefork's log, which writes the line that an event has in the table. The lines are an interface, and tested as one.
 */
export interface Log {
  <Name extends EventName>(name: Name, facts: EventFacts[Name]): void;
}

export interface LogOptions {
  /** Whether a line of text begins with the time. @default false */
  readonly hasTime?: boolean;
  /** The app of several that writes the lines. Each object of JSON says so; lines of text come with its name before them. */
  readonly app?: string | undefined;
  /** Hears each line, too, without the values of its secrets. */
  readonly keep?: (line: string) => void;
}

/** @param sink the target of the lines. @default stderr */
export function createLog(
  format: LogFormat,
  threshold: LogThreshold,
  sink: LineSink = stderrSink(),
  { hasTime = false, app, keep = () => {} }: LogOptions = {},
): Log {
  const render = format === 'json' ? (line: Line): string => jsonLine(line, app) : textLine;
  const isTimed = hasTime && format === 'text';
  return (name, facts) => {
    const line = lineOf({ name, facts } as ToldEvent);
    if (line === undefined || severity[line.level] < severity[threshold]) return;
    try {
      const text = render(line);
      // A worker can ask the control socket for what is kept.
      keep(line.keptFields === undefined ? text : render({ ...line, fields: line.keptFields }));
      sink[line.level](isTimed ? `${new Date().toISOString()} ${text}` : text);
    } catch {
      // The user's logger threw. There is nowhere left to say so, and the service goes on.
    }
  };
}

/** `prefork: worker ready slot=0 gen=1 pid=4711 in=96ms` */
function textLine({ text, fields: { message, ...fields } }: Line): string {
  const words = message === undefined ? text : `${text}: ${message}`;
  const pairs = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${quote(value)}`],
  );
  return printable(['prefork:', words, ...pairs].join(' '));
}

function jsonLine({ level, text: event, fields }: Line, app: string | undefined): string {
  return printable(JSON.stringify({ time: new Date().toISOString(), level, event, app, ...fields }));
}

/** Quotes a value that would not read as one word, as JSON does. */
function quote(value: string | number): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function stderrSink(): LineSink {
  // A terminal that is gone or a disk that is full must not end the service.
  process.stderr.on('error', () => {});
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  return { debug: write, info: write, warn: write, error: write };
}
