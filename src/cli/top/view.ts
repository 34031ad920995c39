/** What the user has chosen, and how keys change it. This module is pure. */
import type { Action } from './keys.ts';
import { topColumns } from './columns.ts';

export interface View {
  /** The title of the column that rows are sorted by. */
  readonly sort: string;
  readonly isReversed: boolean;
  /** The index of the first row that is shown. */
  readonly offset: number;
  readonly isHelp: boolean;
}

export const firstView: View = { sort: 'slot', isReversed: false, offset: 0, isHelp: false };

/**
 * Applies an action to the view.
 *
 * @param page the number of rows that are shown at once.
 */
export function changed(view: View, action: Action, page: number): View {
  // Any key closes the help. The user could not see what else it would do.
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
    // Other code performs these actions.
    case 'quit':
    case 'suspend':
    case 'reload':
    case 'more':
    case 'fewer':
    case 'promote':
    case 'rollback':
    case 'other':
      return view;
  }
}

/** Scrolls without an upper bound, because the frame knows the number of rows and stops at the last. */
function scrolled(view: View, by: number): View {
  return { ...view, offset: Math.max(0, view.offset + by) };
}

function neighbour(title: string, step: 1 | -1): string {
  const at = topColumns.findIndex((column) => column.title === title);
  return topColumns.at((at + step) % topColumns.length)!.title;
}
