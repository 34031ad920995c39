import type { Json, JsonSchema } from './schema.ts';

type Check = (value: unknown, rule: Json, whole: JsonSchema) => boolean;

/** Of the keywords that schema.ts writes, those that say what a value is. Each holds for the values that it speaks of. */
const checks: Readonly<Record<string, Check>> = {
  $ref: (value, name, whole) => {
    const definitions = whole['$defs'] as Readonly<Record<string, JsonSchema>>;
    return conforms(value, definitions[(name as string).replace('#/$defs/', '')]!, whole);
  },
  anyOf: (value, choices, whole) => (choices as readonly JsonSchema[]).some((one) => conforms(value, one, whole)),
  type: (value, type) => types[type as keyof typeof types](value),
  minimum: (value, least) => (value as number) >= (least as number),
  // A newer server may have words that are not known here; they are only shown.
  enum: (value) => typeof value === 'string',
  const: (value, one) => value === one,
  items: (value, each, whole) => (value as unknown[]).every((one) => conforms(one, each as JsonSchema, whole)),
  properties: (value, fields, whole) =>
    Object.entries(fields as Readonly<Record<string, JsonSchema>>).every(
      // An older server does not say everything.
      ([name, field]) => !Object.hasOwn(value as object, name) || conforms((value as Fields)[name], field, whole),
    ),
};

type Fields = Readonly<Record<string, unknown>>;

const types = {
  null: (value: unknown) => value === null,
  string: (value: unknown) => typeof value === 'string',
  // Beyond the safe ones, what is one more may be the same number.
  integer: (value: unknown) => Number.isSafeInteger(value),
  number: (value: unknown) => Number.isFinite(value),
  array: (value: unknown) => Array.isArray(value),
  object: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/**
 * Whether a value that came as JSON has the types of a schema, in all that it has. What another user's server says is data of an
 * enemy: a pid that is text would be a piece of a path.
 *
 * @param whole has the `$defs`.
 */
export function conforms(value: unknown, schema: JsonSchema, whole: JsonSchema = schema): boolean {
  const rules = Object.keys(checks).filter((keyword) => schema[keyword] !== undefined);
  return rules.every((keyword) => checks[keyword]!(value, schema[keyword]!, whole));
}
