import { channel } from 'node:diagnostics_channel';
import type { LifecycleEvent } from './lifecycle-events.ts';

/** Tells node:diagnostics_channel, for OpenTelemetry and whoever else listens. A subscriber that throws is Node's to report. */
export function publish({ name, message }: LifecycleEvent): void {
  const target = channel(`prefork:${name}`);
  if (target.hasSubscribers) target.publish(message);
}
