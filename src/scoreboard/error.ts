/**
 * Why a scoreboard could not be used:
 *
 * - `ERR_SCOREBOARD_CREATE` no directory took the file; the `cause` is the last one's refusal
 * - `ERR_SCOREBOARD_OPEN` it is not there or may not be opened; the `cause` says which
 * - `ERR_SCOREBOARD_FORMAT` it is not a scoreboard, or a damaged one
 * - `ERR_SCOREBOARD_VERSION` it is one of another version of prefork
 * - `ERR_SCOREBOARD_ROW` it has no such row, or the row is not in use
 */
export type ScoreboardErrorCode =
  | 'ERR_SCOREBOARD_CREATE'
  | 'ERR_SCOREBOARD_OPEN'
  | 'ERR_SCOREBOARD_FORMAT'
  | 'ERR_SCOREBOARD_VERSION'
  | 'ERR_SCOREBOARD_ROW';

export class ScoreboardError extends Error {
  readonly code: ScoreboardErrorCode;

  constructor(code: ScoreboardErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ScoreboardError';
    this.code = code;
  }
}
