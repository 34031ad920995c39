import type { LogFields, LogLevel } from '../../src/primary/telemetry/event-row.ts';
import type { Log } from '../../src/primary/telemetry/log.ts';
import { lineOf, type ToldEvent } from '../../src/primary/telemetry/told.ts';

/** A log that gives its lines to a test, whatever their level. */
export function notedLog(note: (level: LogLevel, text: string, fields: LogFields) => unknown): Log {
  return (name, facts) => {
    const line = lineOf({ name, facts } as ToldEvent);
    if (line !== undefined) note(line.level, line.text, line.fields);
  };
}
