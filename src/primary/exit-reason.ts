import type { Exit } from './events.ts';

/** What is known of the end of a worker's process. */
export interface ExitFacts extends Exit {
  readonly lastWords?: { readonly error: string; readonly stderr: string } | undefined;
  readonly heap?: { readonly used: number } | undefined;
}

export interface ExitExplanation {
  readonly reason: string;
  readonly text: string;
}

export interface ExitQuestion {
  readonly exit: ExitFacts;
  readonly asked?: string | undefined;
  readonly recycled?: string | undefined;
  readonly isHung: boolean;
}

export function explainExit({ exit: { code, signal, error, lastWords } }: ExitQuestion): ExitExplanation {
  if (error !== undefined) return { reason: 'not started', text: error.message };
  if (lastWords?.error) return { reason: 'uncaught error', text: lastWords.error.split('\n', 1)[0]! };
  if (signal !== null) return { reason: 'signal', text: signal };
  return { reason: 'exit code', text: `exited with code ${code}` };
}
