/**
 * The reasons why a scoreboard could not be used:
 *
 * - `ERR_SCOREBOARD_CREATE` no directory took the file; the `cause` is the last one's refusal
 * - `ERR_SCOREBOARD_OPEN` the file is missing or may not be opened; the `cause` says which
 * - `ERR_SCOREBOARD_FORMAT` the file is not a scoreboard, or is damaged
 * - `ERR_SCOREBOARD_VERSION` another version of prefork created the file
 * - `ERR_SCOREBOARD_ROW` the file has no such row, or the row is not in use
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
