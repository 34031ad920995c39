/** Reads the fields of a request, from its query and its JSON body together. */
import type { CanaryShare } from '../contract/canary.ts';
import { MOST_WORKERS } from '../contract/limits.ts';
import { hasFields, type UnknownFields } from '../contract/fields.ts';

/** A faulty request: the status of the answer, and a sentence for the client. */
export class BadRequest extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the fields.
 *
 * @throws BadRequest for a field that is not in `known` or is given twice, and for a body that is not a JSON object.
 */
export function readFields(query: URLSearchParams, body: string, known: readonly string[]): Fields {
  const fields = new Map<string, unknown>();
  for (const [key, value] of [...query, ...Object.entries(readBody(body, known))]) {
    if (!known.includes(key)) throw new BadRequest(`unknown field ${quote(key)}: expected ${expectedFields(known)}`);
    if (fields.has(key)) throw new BadRequest(`${key} is given twice`);
    fields.set(key, value);
  }
  return Object.fromEntries(fields);
}

function readBody(body: string, known: readonly string[]): UnknownFields {
  if (body.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new BadRequest(`the body is not JSON: expected ${expectedFields(known)}`);
  }
  if (hasFields(value) && !Array.isArray(value)) return value;
  throw new BadRequest(`expected a JSON object with ${expectedFields(known)}, got ${quote(value)}`);
}

/** Reads a number, or the text of one; undefined when it was not given. In a query, `+` stands for a space. */
export function readInteger(
  fields: Fields,
  key: string,
  { min, max }: { min: number; max: number },
): number | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^[+ -]?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && min <= number && number <= max) return number;
  throw new BadRequest(`${key}: expected a whole number from ${min} to ${max}, got ${quote(value)}`);
}

/** Reads one of some words; undefined when it was not given. */
export function readChoice(fields: Fields, key: string, choices: readonly string[]): string | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && choices.includes(value)) return value;
  throw new BadRequest(`${key}: expected ${choices.join(' or ')}, got ${quote(value)}`);
}

/** Reads a number of workers, or a share of them; undefined when it was not given. */
export function readShare(fields: Fields, key: string): CanaryShare | undefined {
  const value = fields[key];
  if (typeof value === 'string' && /^[1-9]\d?%$/.test(value)) return value as `${number}%`;
  try {
    return readInteger(fields, key, { min: 0, max: MOST_WORKERS });
  } catch {
    throw new BadRequest(
      `${key}: expected workers from 0 to ${MOST_WORKERS}, or a share from 1% to 99%, got ${quote(value)}`,
    );
  }
}

/** Reads a boolean, or the text of one. `?now` without a value means true. */
export function readBoolean(fields: Fields, key: string): boolean {
  const value = fields[key];
  if (value === true || value === 'true' || value === '') return true;
  if (value === undefined || value === false || value === 'false') return false;
  throw new BadRequest(`${key}: expected true or false, got ${quote(value)}`);
}

/** Reads a field that is true or not given. */
export function readTrue(fields: Fields, key: string): true | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (value === true || value === 'true' || value === '') return true;
  throw new BadRequest(`${key}: expected true, got ${quote(value)}`);
}

/** Reads a word of letters, digits, - and _; undefined when it was not given. */
export function readWord(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^[\w-]{1,64}$/.test(value)) return value;
  throw new BadRequest(`${key}: expected a word of at most 64 letters and digits, got ${quote(value)}`);
}

/** Reads an absolute path; undefined when it was not given. */
export function readPath(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.startsWith('/') && !value.includes('\0')) return value;
  throw new BadRequest(`${key}: expected an absolute path, got ${quote(value)}`);
}

function expectedFields(known: readonly string[]): string {
  return known.length === 0 ? 'no fields' : known.join(' or ');
}

function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}...`;
}
