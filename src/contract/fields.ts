/** What came from elsewhere, and has fields of which nothing is known. */
export type UnknownFields = Readonly<Record<string, unknown>>;

export function hasFields(value: unknown): value is UnknownFields {
  return typeof value === 'object' && value !== null;
}

/** Returns the value where it has fields. Any other value has none. */
export function fieldsOf(value: unknown): UnknownFields {
  return hasFields(value) ? value : {};
}
