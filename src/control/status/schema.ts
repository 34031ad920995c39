/**
 * Makes JSON Schemas (draft 2020-12) that the compiler checks against the types they describe. A field that is missing,
 * superfluous or of another type does not compile.
 */

export type Json = string | number | boolean | null | readonly Json[] | JsonSchema;

export interface JsonSchema {
  readonly description?: string;
  readonly [keyword: string]: Json;
}

/** A schema of values of exactly this type. */
export interface Schema<T> {
  readonly json: JsonSchema;
  /** True when the field may be missing. */
  readonly isOptional?: boolean;
  /** This field is never set. It makes the compiler refuse both a wider and a narrower type. */
  readonly type?: (value: T) => T;
}

/** A whole number of 0 or more. */
export function count(description: string): Schema<number> {
  return { json: { type: 'integer', minimum: 0, description } };
}

/** A number of 0 or more. */
export function amount(description: string): Schema<number> {
  return { json: { type: 'number', minimum: 0, description } };
}

/** Any number. */
export function signed(description: string): Schema<number> {
  return { json: { type: 'number', description } };
}

export function share(description: string): Schema<number> {
  return { json: { type: 'number', minimum: 0, maximum: 1, description } };
}

export function text(description: string): Schema<string> {
  return { json: { type: 'string', description } };
}

/** A date with a time. */
export function time(description: string): Schema<string> {
  return { json: { type: 'string', format: 'date-time', description } };
}

export function only<const Value extends string | number>(value: Value, description: string): Schema<Value> {
  return { json: { const: value, description } };
}

/**
 * A choice of words.
 *
 * @param meanings the meaning of each word; '' where the word needs none.
 */
export function words<Word extends string>(
  description: string,
  meanings: Readonly<Record<Word, string>>,
): Schema<Word> {
  const explained = Object.entries<string>(meanings).filter(([, meaning]) => meaning !== '');
  const notes = explained.map(([word, meaning]) => `${word}: ${meaning}`).join('; ');
  return {
    json: { enum: Object.keys(meanings), description: notes === '' ? description : `${description} (${notes})` },
  };
}

export function list<T>(description: string, { json }: Schema<T>): Schema<readonly T[]> {
  return { json: { type: 'array', items: json, description } };
}

/** A schema for each field of an object. */
export type FieldsOf<T> = { readonly [Name in keyof T]-?: Schema<T[Name]> };

export function object<T extends object>(description: string, fields: FieldsOf<T>): Schema<T> {
  const entries = Object.entries<Pick<Schema<unknown>, 'json' | 'isOptional'>>(fields);
  const required = entries.filter(([, { isOptional }]) => isOptional !== true).map(([name]) => name);
  const properties = Object.fromEntries(entries.map(([name, { json }]) => [name, json]));
  return { json: { type: 'object', properties, required, description } };
}

/** Refers to a description in the `$defs` of the whole schema. */
export function reference<T>(description: string, name: string, _to: Schema<T>): Schema<T> {
  return { json: { $ref: `#/$defs/${name}`, description } };
}

export function nullable<T>({ json: { description, ...json } }: Schema<T>): Schema<T | null> {
  return { json: { anyOf: [json, { type: 'null' }], description: description! } };
}

/** Marks a field as optional, because JSON leaves out what is undefined. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return { json: schema.json, isOptional: true };
}
