import type { Json, JsonSchema } from './schema.ts';

type Check = (value: unknown, rule: Json, whole: JsonSchema) => boolean;

/** Checks the keywords of schema.ts that say what a value is. Each check only concerns the values that it speaks of. */
const checks: Readonly<Record<string, Check>> = {
  $ref: (value, name, whole) => {
    const definitions = whole['$defs'] as Readonly<Record<string, JsonSchema>>;
    return conforms(value, definitions[(name as string).replace('#/$defs/', '')]!, whole);
  },
  anyOf: (value, choices, whole) => (choices as readonly JsonSchema[]).some((one) => conforms(value, one, whole)),
  type: (value, type) => types[type as keyof typeof types](value),
  minimum: (value, least) => (value as number) >= (least as number),
  // A newer server may use words that are not known here. They are only shown.
  enum: (value) => typeof value === 'string',
  const: (value, one) => value === one,
  items: (value, each, whole) => (value as unknown[]).every((one) => conforms(one, each as JsonSchema, whole)),
  properties: (value, fields, whole) =>
    Object.entries(fields as Readonly<Record<string, JsonSchema>>).every(
      // An older server does not have every field.
      ([name, field]) => !Object.hasOwn(value as object, name) || conforms((value as Fields)[name], field, whole),
    ),
};

type Fields = Readonly<Record<string, unknown>>;

const types = {
  null: (value: unknown) => value === null,
  string: (value: unknown) => typeof value === 'string',
  // Beyond the safe integers, n and n + 1 may be the same number.
  integer: (value: unknown) => Number.isSafeInteger(value),
  number: (value: unknown) => Number.isFinite(value),
  array: (value: unknown) => Array.isArray(value),
  object: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/**
 * Tells whether a JSON value has the types of a schema, in every field that it has. The status of another user's server
 * is hostile data: a pid that is text would become a part of a path.
 *
 * @param whole the schema with the `$defs`.
 */
export function conforms(value: unknown, schema: JsonSchema, whole: JsonSchema = schema): boolean {
  const rules = Object.keys(checks).filter((keyword) => schema[keyword] !== undefined);
  return rules.every((keyword) => checks[keyword]!(value, schema[keyword]!, whole));
}
