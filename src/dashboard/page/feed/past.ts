import type { FiguresHistory } from '../../../control/controls.ts';

/**
 * Asks for the figures of the last minutes.
 *
 * @returns undefined when there is no answer. The page does without: an older server does not keep them.
 */
export async function fetchPast(token: string | undefined): Promise<FiguresHistory | undefined> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch('history', { headers, cache: 'no-store' });
    return response.ok ? ((await response.json()) as FiguresHistory) : undefined;
  } catch {
    return undefined;
  }
}
