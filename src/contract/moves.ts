import type { FigureRow } from './figures.ts';
import { keysOf } from './tables.ts';

/**
 * What a connection moves for. `drain`: its worker leaves. `level`: its worker has more than the others. `heat`: its worker is busier
 * than the others. `upgrade`: its worker's primary leaves.
 */
export type MoveReason = 'drain' | 'level' | 'heat' | 'upgrade';

/**
 * How a move ends. `failed`: the other worker ended, or closed its channel, before it said anything. Unless it is `taken`, the
 * worker that had the connection serves it again.
 */
export type MoveEnd = 'taken' | 'refused' | 'failed';

type MovedFigure = Extract<FigureRow['name'], `moved${Capitalize<MoveReason>}${'' | 'Refused' | 'Failed'}`>;

/** The figures that count the moves away from a worker. */
export const MOVED: Readonly<Record<MoveReason, Readonly<Record<MoveEnd, MovedFigure>>>> = {
  drain: { taken: 'movedDrain', refused: 'movedDrainRefused', failed: 'movedDrainFailed' },
  level: { taken: 'movedLevel', refused: 'movedLevelRefused', failed: 'movedLevelFailed' },
  heat: { taken: 'movedHeat', refused: 'movedHeatRefused', failed: 'movedHeatFailed' },
  upgrade: { taken: 'movedUpgrade', refused: 'movedUpgradeRefused', failed: 'movedUpgradeFailed' },
};

export const MOVE_REASONS: readonly MoveReason[] = keysOf(MOVED);

/**
 * The moves of one worker's connections over its life: those that it had served and another one serves now, the
 * reverse, and those that came back.
 */
export interface MoveCounts {
  readonly out: number;
  readonly in: number;
  readonly failed: number;
}

/** How moves ended, by what they were for. */
export type MovesByReason = Readonly<Record<MoveReason, Readonly<Record<MoveEnd, number>>>>;

/** Returns counts of zero, to be counted up. */
export function noMoves(): Record<MoveReason, Record<MoveEnd, number>> {
  const none = (): Record<MoveEnd, number> => ({ taken: 0, refused: 0, failed: 0 });
  return { drain: none(), level: none(), heat: none(), upgrade: none() };
}

/** How many connections a worker has given to others, for whatever reason. */
export function movedOut(figures: Readonly<Record<MovedFigure, number>>): number {
  return MOVE_REASONS.reduce((sum, reason) => sum + figures[MOVED[reason].taken], 0);
}
