/** Names of private parts of Node.js, each with what prefork does in a Node.js that lacks it. */
export type Fallbacks<Part extends string = string> = Readonly<Record<Part, string>>;

/** Whether a part is there. The first time that it is not, the process warns of it. */
export type IsThere<Part extends string> = (part: Part, isThere: boolean) => boolean;

/**
 * A door to private parts of Node.js asks this before it uses one, so that a later Node.js costs a feature, and not the server. The
 * warning has the code `PREFORK_NODE_PART`, and comes once for each part.
 */
export function detectorOf<Part extends string>(fallbacks: Fallbacks<Part>): IsThere<Part> {
  const missing = new Set<Part>();
  return (part, isThere) => {
    if (isThere || missing.has(part)) return isThere;
    missing.add(part);
    const type = 'PreforkWarning';
    process.emitWarning(`Node.js ${process.version} has no ${part}: ${fallbacks[part]}`, {
      type,
      code: 'PREFORK_NODE_PART',
    });
    return false;
  };
}
