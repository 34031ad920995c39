import { isTrustable } from '../../contract/networks.ts';
import { MisuseError } from '../protocol/errors.ts';
import { Forwarded, FORWARDED_FIELDS, type ForwardedField } from '../message/forwarded.ts';

/**
 * Reads which proxies are trusted. @returns undefined where none is
 *
 * @throws MisuseError ERR_HTTP_OPTION that says what was expected
 */
export function forwardedOf({
  trustedProxies: trusted = [],
  forwardedField: field = 'x-forwarded-for',
}: {
  readonly trustedProxies?: readonly string[];
  readonly forwardedField?: ForwardedField;
}): Forwarded | undefined {
  const isList = Array.isArray(trusted) && trusted.every((one) => isTrustable(String(one)));
  if (!isList) refuse('trustedProxies', "addresses and networks such as ['10.0.0.0/8', 'unix']", trusted);
  if (!FORWARDED_FIELDS.includes(field)) refuse('forwardedField', FORWARDED_FIELDS.join(' or '), field);
  return trusted.length === 0 ? undefined : new Forwarded(trusted, field);
}

function refuse(name: string, expected: string, got: unknown): never {
  throw new MisuseError('ERR_HTTP_OPTION', `${name}: expected ${expected}, got ${JSON.stringify(got)}`);
}
