import { duration } from '../../format/duration.ts';
import { comparisonCells, verdictOf } from '../../format/comparison.ts';
import type { ComparisonRow } from '../../contract/canary.ts';
import type { CanaryStatus, Status } from '../../control/controls.ts';
import { element, find, setAttribute, setText, shape } from './parts/dom.ts';
import type { Tone } from './states.ts';

const tones: Readonly<Record<ComparisonRow['verdict'], readonly [tone: Tone, shape: string]>> = {
  ok: ['good', 'serving'],
  worse: ['bad', 'crash'],
  'too little': ['busy', 'waiting'],
  'not judged': ['quiet', 'standby'],
};

/** Two generations side by side, while a canary is watched. The section is not there at other times. */
export class Canary {
  readonly #section = find('#canary');
  readonly #title = find('#canary-title');
  readonly #how = find('#canary-how');
  readonly #progress = find('#canary-progress');
  readonly #head = find('#canary thead');
  readonly #body = find('#canary tbody');
  readonly #reasons = find('#canary-reasons');
  #rows: HTMLElement[][] = [];
  #shown = '';

  show({ canary }: Status): void {
    this.#section.hidden = !canary;
    if (!canary) return;
    setText(this.#title, `Generation ${canary.canary} beside ${canary.baseline}`);
    setText(this.#how, wordsOf(canary));
    setAttribute(this.#progress, 'value', String(shareOf(canary)));
    this.#showTable(canary);
    this.#showReasons(canary.reasons);
  }

  /** Rebuilds the table when its rows are others, and else changes the figures alone: a selection stays. */
  #showTable({ baseline, canary, table }: CanaryStatus): void {
    const shown = JSON.stringify([baseline, canary, table.map(({ figure }) => figure)]);
    if (shown !== this.#shown) {
      this.#shown = shown;
      const titles = ['', `gen ${baseline}`, `gen ${canary}`, 'at most', ''];
      this.#head.replaceChildren(element('tr', {}, ...titles.map((title) => element('th', { scope: 'col' }, title))));
      this.#rows = table.map(({ figure }) => [
        element('th', { scope: 'row' }, figure),
        ...[1, 2, 3].map(() => element('td')),
        element('td', { class: 'verdict' }, shape('standby'), element('span')),
      ]);
      this.#body.replaceChildren(...this.#rows.map((cells) => element('tr', {}, ...cells)));
    }
    for (const [nth, row] of table.entries()) this.#showRow(this.#rows[nth]!, row);
  }

  #showRow(cells: readonly HTMLElement[], row: ComparisonRow): void {
    const [, ...texts] = comparisonCells(row);
    const verdict = texts.pop()!;
    for (const [nth, text] of texts.entries()) setText(cells[nth + 1]!, text);
    const [tone, form] = tones[row.verdict] ?? (['quiet', 'note'] as const);
    const last = cells.at(-1)!;
    setAttribute(last, 'data-tone', tone);
    setAttribute(last.querySelector('use')!, 'href', `#shape-${form}`);
    setText(last.lastElementChild!, verdict);
  }

  #showReasons(reasons: readonly string[]): void {
    if (this.#reasons.dataset['shown'] === JSON.stringify(reasons)) return;
    this.#reasons.dataset['shown'] = JSON.stringify(reasons);
    this.#reasons.replaceChildren(...reasons.map((reason) => element('li', {}, reason)));
  }
}

function wordsOf({ slots, elapsed, total, verdict, onDoubt }: CanaryStatus): string {
  const where = `${slots.length === 1 ? 'slot' : 'slots'} ${slots.join(', ')}`;
  const doubt = onDoubt === 'rollback' ? 'rolled back' : 'continued';
  return `in ${where}, for ${duration(elapsed)} of ${duration(total)}: ${verdictOf(verdict)}; ${doubt} when in doubt`;
}

function shareOf({ elapsed, total }: CanaryStatus): number {
  return total > 0 ? Math.min(1, elapsed / total) : 0;
}
