/** What the one who looks has chosen, and how keys change it. Pure. */
import type { Action } from './keys.ts';
import { topColumns } from './columns.ts';

export interface View {
  /** The title of a column. */
  readonly sort: string;
  readonly isReversed: boolean;
  /** The first row that is shown. */
  readonly offset: number;
  readonly isHelp: boolean;
}

export const firstView: View = { sort: 'slot', isReversed: false, offset: 0, isHelp: false };

/** @param page how many rows are shown at once. */
export function changed(view: View, action: Action, page: number): View {
  // Whatever it is, it was not meant for what the help covers.
  if (view.isHelp) return { ...view, isHelp: false };
  switch (action) {
    case 'help':
      return { ...view, isHelp: true };
    case 'next-column':
      return { ...view, sort: neighbour(view.sort, 1), offset: 0 };
    case 'previous-column':
      return { ...view, sort: neighbour(view.sort, -1), offset: 0 };
    case 'reverse':
      return { ...view, isReversed: !view.isReversed, offset: 0 };
    case 'up':
      return scrolled(view, -1);
    case 'down':
      return scrolled(view, 1);
    case 'page-up':
      return scrolled(view, -page);
    case 'page-down':
      return scrolled(view, page);
    case 'first':
      return { ...view, offset: 0 };
    case 'last':
      return { ...view, offset: Number.MAX_SAFE_INTEGER };
    // What they do is done elsewhere.
    case 'quit':
    case 'suspend':
    case 'reload':
    case 'more':
    case 'fewer':
    case 'other':
      return view;
  }
}

/** Beyond the end is where the last row is: the frame knows how many there are. */
function scrolled(view: View, by: number): View {
  return { ...view, offset: Math.max(0, view.offset + by) };
}

function neighbour(title: string, step: 1 | -1): string {
  const at = topColumns.findIndex((column) => column.title === title);
  return topColumns.at((at + step) % topColumns.length)!.title;
}
