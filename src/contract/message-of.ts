/** Returns what an error says. Anything may be thrown: what is no error is put into words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
