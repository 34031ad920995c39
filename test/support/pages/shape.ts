/** Compares what a program prints with what a page shows: numbers, times, addresses and paths differ from machine to machine. */

const replacements: ReadonlyArray<readonly [RegExp, string]> = [
  [/(?:\[::\]|\d+(?:\.\d+){3}|\*):\d+/g, '@'],
  [/(?<![\w/])~?(?:\/[\w.-]+)+/g, '/'],
  [/[+-]?\d[\d.]*(?:%|[A-Za-zµ]+)?/g, '#'],
  // A figure that is not known yet.
  [/(?<= )-(?= |$)/g, '#'],
  // How sockets are shared and connections are balanced, which Node decides.
  [/(?<=\b(?:sharing|balance)=)[\w-]+/g, '#'],
  [/\s+/g, ' '],
];

/** Returns a line without what differs from machine to machine. */
export function shapeOf(line: string): string {
  return replacements.reduce((text, [pattern, shape]) => text.replaceAll(pattern, shape), line.trim());
}

/** Returns the first line that a page shows and that was not printed, in order. A page may leave lines out. */
export function firstMissing(printed: string, shown: readonly string[]): string | undefined {
  const shapes = printed.split('\n').map(shapeOf);
  return shown.find((line) => {
    const at = shapes.indexOf(shapeOf(line));
    shapes.splice(0, at + 1);
    return at === -1;
  });
}
