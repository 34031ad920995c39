import type { Outcome } from '../../contract/outcome.ts';

/** The operations that the page asks for. */
export type PageOperation = 'reload' | 'scale' | 'promote' | 'rollback';

/** The outcome of an operation. `refused` means that the token is wrong or missing. */
export type Answer = Outcome | 'refused';

/**
 * Asks for an operation through the routes that the commands use. The promise settles when the operation is done or has
 * failed.
 */
export async function operate(path: PageOperation, body: object, token: string | undefined): Promise<Answer> {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch(path, { method: 'POST', body: JSON.stringify(body), headers: authorization });
    if (response.status === 401) return 'refused';
    return (await response.json()) as Outcome;
  } catch {
    return { ok: false, reason: 'the server did not answer' };
  }
}
