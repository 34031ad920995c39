import type { Json, JsonSchema } from './schema.ts';
import { statusSchema } from './status-schema.ts';

/** The tables of the status in docs/control.md: one for the status, and one for each type in `$defs`. */
export function statusMarkdown(): string {
  const { $defs } = statusSchema as { $defs: Fields };
  return [statusSchema, ...Object.values($defs)].map(table).join('\n');
}

type Fields = Readonly<Record<string, JsonSchema>>;

function table({ description, properties }: JsonSchema): string {
  const rows = Object.entries(properties as Fields).flatMap(([name, schema]) => rowsOf(name, schema));
  return `${description ?? ''}\n\n| Field | Type | |\n| --- | --- | --- |\n${rows.join('')}`;
}

/** Makes a row for the field, and a row for each field of an object that is described in place. */
function rowsOf(name: string, schema: JsonSchema): string[] {
  const row = `| \`${name}\` | ${typeOf(schema)} | ${schema.description ?? ''} |\n`;
  const fields = Object.entries((schema['properties'] ?? {}) as Fields);
  return [row, ...fields.flatMap(([field, one]) => rowsOf(`${name}.${field}`, one))];
}

function typeOf(schema: JsonSchema): string {
  const { $ref, anyOf, items, type, format } = schema;
  if (typeof $ref === 'string') return $ref.slice($ref.lastIndexOf('/') + 1);
  if (Array.isArray(anyOf)) return anyOf.map((one) => typeOf(one as JsonSchema)).join(' or ');
  if (items !== undefined) return `list of ${typeOf(items as JsonSchema)}`;
  if (typeof type !== 'string') return valuesOf(schema).map(code).join(', ');
  return format === 'date-time' ? 'time' : type;
}

function valuesOf({ const: value, enum: values }: JsonSchema): readonly Json[] {
  return Array.isArray(values) ? values : [value!];
}

function code(value: Json): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
