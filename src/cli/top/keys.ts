/** Maps what a terminal sends to actions. */

const ESC = '\u001B';

export type Action =
  | 'quit'
  | 'suspend'
  | 'help'
  | 'reload'
  | 'more'
  | 'fewer'
  | 'promote'
  | 'rollback'
  | 'next-column'
  | 'previous-column'
  | 'reverse'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  /** A key without a meaning. */
  | 'other';

/** The sequences of xterm, in both modes of its cursor keys, and the letters of vi. */
const actions: Readonly<Record<string, Action>> = {
  q: 'quit',
  '\u0003': 'quit',
  '\u0004': 'quit',
  '\u001A': 'suspend',
  '?': 'help',
  h: 'help',
  r: 'reload',
  '+': 'more',
  '=': 'more',
  '-': 'fewer',
  p: 'promote',
  b: 'rollback',
  s: 'next-column',
  '>': 'next-column',
  [`${ESC}[C`]: 'next-column',
  [`${ESC}OC`]: 'next-column',
  S: 'previous-column',
  '<': 'previous-column',
  [`${ESC}[D`]: 'previous-column',
  [`${ESC}OD`]: 'previous-column',
  o: 'reverse',
  k: 'up',
  [`${ESC}[A`]: 'up',
  [`${ESC}OA`]: 'up',
  j: 'down',
  [`${ESC}[B`]: 'down',
  [`${ESC}OB`]: 'down',
  [`${ESC}[5~`]: 'page-up',
  [`${ESC}[6~`]: 'page-down',
  ' ': 'page-down',
  g: 'first',
  [`${ESC}[H`]: 'first',
  [`${ESC}[1~`]: 'first',
  G: 'last',
  [`${ESC}[F`]: 'last',
  [`${ESC}[4~`]: 'last',
};

/** Matches one escape sequence, or one character. */
const key = new RegExp(`${ESC}(?:\\[[\\d;]*|O)[A-Za-z~]|.`, 'gsu');

/** Reads the keys in a chunk of input. Several keys arrive together when the user types fast or the line is slow. */
export function readKeys(typed: string): Action[] {
  return (typed.match(key) ?? []).map((one) => (Object.hasOwn(actions, one) ? actions[one]! : 'other'));
}

/** The text of the help screen. */
export const keyHelp: ReadonlyArray<readonly [keys: string, meaning: string]> = [
  ['s  S', 'sort by the next column, by the previous one'],
  ['o', 'reverse the order'],
  ['j  k', 'down, up; also arrows, PgDn, PgUp, g, G'],
  ['r', 'reload: new workers, one by one'],
  ['+  -', 'one worker more, one fewer'],
  ['p  b', 'promote the canary that is watched, roll it back'],
  ['Ctrl-Z', 'suspend'],
  ['q', 'quit'],
];
