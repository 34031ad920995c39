import { refusals, type Refusal } from '../protocol/refusals.ts';
import type { ResponseHeads } from '../message/response-heads.ts';

/** Returns the response to a request that no handler sees: the status and nothing else. */
export function refusalText(refusal: Refusal, heads: ResponseHeads): string {
  // A 405 says what is allowed: RFC 9110, 15.5.6.
  const allow = refusal === 'NOT_GET' ? 'Allow: GET, HEAD\r\n' : '';
  return `${heads.of(refusals[refusal].status, '', undefined)}${allow}Content-Length: 0\r\nConnection: close\r\n\r\n`;
}
