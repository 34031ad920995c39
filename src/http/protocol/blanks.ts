/**
 * Takes off what RFC 9110, 5.6.3, calls whitespace: SP and HTAB at either end. `String.trim` takes more, such as
 * U+00A0, which is obs-text in a field. It would make `chunked` of `chunked\xa0`, and a cookie `__Host-a` of
 * `\xa0__Host-a`.
 */
export function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
