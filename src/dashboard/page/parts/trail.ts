/** Turns a history of figures into the path of an SVG. This module is pure. */
import { TRAIL_MS, type TrailPoint } from '../model.ts';

export const TRAIL_WIDTH = 240;
export const TRAIL_HEIGHT = 48;

/** The space above the line, so that the stroke of the highest point is not cut. */
const MARGIN = 2;

export interface TrailPaths {
  readonly line: string;
  /** The line, closed along the bottom. */
  readonly area: string;
}

/**
 * Computes the paths.
 *
 * @param most the figure at the top, so that adjacent lines can be compared.
 */
export function trailPaths(points: readonly TrailPoint[], now: number, most: number): TrailPaths {
  const stretches = stretchesOf(points, now, most);
  const line = stretches.map((stretch) => `M${stretch.map(([x, y]) => `${x} ${y}`).join('L')}`).join('');
  const area = stretches
    .map((stretch) => {
      const corners = stretch.map(([x, y]) => `${x} ${y}`).join('L');
      return `M${stretch[0]![0]} ${TRAIL_HEIGHT}L${corners}L${stretch.at(-1)![0]} ${TRAIL_HEIGHT}Z`;
    })
    .join('');
  return { line, area };
}

type Spot = readonly [x: number, y: number];

/** Splits the points at unknown figures, which interrupt the line. */
function stretchesOf(points: readonly TrailPoint[], now: number, most: number): Spot[][] {
  const stretches: Spot[][] = [[]];
  for (const { at, rate } of points) {
    if (rate === null) stretches.push([]);
    else stretches.at(-1)!.push([round(across(at, now)), round(down(rate, most))]);
  }
  return stretches.filter(({ length }) => length > 0);
}

function across(at: number, now: number): number {
  return TRAIL_WIDTH * (1 - (now - at) / TRAIL_MS);
}

function down(rate: number, most: number): number {
  const share = most > 0 ? Math.min(1, rate / most) : 0;
  return TRAIL_HEIGHT - 1 - (TRAIL_HEIGHT - 1 - MARGIN) * share;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
