/** Returns the `code` of an operating system error, for example `ENOENT`; empty for any other error. */
import { fieldsOf } from './fields.ts';
export function systemCode(error: unknown): string {
  const { code } = fieldsOf(error);
  return typeof code === 'string' ? code : '';
}
