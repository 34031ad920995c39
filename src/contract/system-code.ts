/** Returns the `code` of an operating system error, for example `ENOENT`; empty for any other error. */
export function systemCode(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
