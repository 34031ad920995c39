import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import type { Status } from '../../src/control/controls.ts';

/** The schema as it is published. */
export const schema = createRequire(import.meta.url)('prefork/status.schema.json') as AnySchemaObject;

const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });
const isOpen = ajv.compile<Status>(schema);
const isClosed = ajv.compile({ ...(closed(schema) as AnySchemaObject), $id: 'urn:prefork:closed' });

/** Lists the faults of a status. A field that the schema does not name is a fault, too. */
export function faultsOf(status: unknown): string[] {
  if (isClosed(status)) return [];
  return isClosed.errors!.map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Tells whether a status fits the schema as its users see it. */
export function fits(status: unknown): boolean {
  return isOpen(status) === true;
}

export function assertStatus(status: unknown): void {
  assert.deepEqual(faultsOf(status), [], JSON.stringify(status, null, 2));
}

/** Forbids fields that the schema does not name, in every object. */
function closed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, one]) => [
    key,
    key === 'anyOf' ? (one as unknown[]).map(closed) : closed(one),
  ]);
  const copy = Object.fromEntries(entries) as Record<string, unknown>;
  return copy['type'] === 'object' ? { ...copy, additionalProperties: false } : copy;
}
