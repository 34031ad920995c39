/**
 * Finds the comments of a TypeScript file without a parser: a small scanner that knows strings, templates and regular
 * expressions well enough to tell a comment from text that looks like one.
 */

/**
 * @typedef {object} Comment
 * @property {number} line the line on which the comment starts, from 1
 * @property {boolean} isDoc true for a comment between slash-star-star and star-slash
 * @property {boolean} isTrailing true when code stands before the comment on its line
 * @property {string[]} text the comment's lines, without its marks
 */

/** After one of these a slash starts a regular expression. After a name, a number or a bracket it divides. */
const BEFORE_REGEXP =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|yield|await))\s*$/;

/**
 * A run of line comments on consecutive lines counts as one comment.
 *
 * @param {string} source
 * @returns {Comment[]}
 */
export function commentsOf(source) {
  const found = [];
  // Each entry is a template literal that the scanner is inside, with the depth of braces in its current substitution.
  const templates = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const advance = (to) => {
    for (; at < to; at++) {
      if (source[at] !== '\n') continue;
      line++;
      lineStart = at + 1;
    }
  };
  const template = () => {
    for (;;) {
      if (at >= source.length) return;
      if (source[at] === '\\') advance(at + 2);
      else if (source[at] === '`') return advance(at + 1);
      else if (source.startsWith('${', at)) {
        templates.push(0);
        return advance(at + 2);
      } else advance(at + 1);
    }
  };
  while (at < source.length) {
    const start = at;
    const two = source.slice(at, at + 2);
    const before = source.slice(lineStart, at);
    if (two === '//' || two === '/*' || (at === 0 && two === '#!')) {
      const isBlock = two === '/*';
      const end = isBlock ? source.indexOf('*/', at + 2) + 2 : endOfLine(source, at);
      const isDoc = source.startsWith('/**', at);
      const raw = source.slice(start, end);
      const isTrailing = before.trim() !== '';
      const text = isBlock ? blockText(raw) : [raw.slice(2).replace(/^ /, '')];
      if (two !== '#!') found.push({ line, isDoc, isTrailing, isBlock, text, column: start - lineStart });
      advance(end);
    } else if (two[0] === "'" || two[0] === '"') {
      let end = at + 1;
      while (end < source.length && source[end] !== two[0]) end += source[end] === '\\' ? 2 : 1;
      advance(end + 1);
    } else if (two[0] === '`') {
      advance(at + 1);
      template();
    } else if (two[0] === '/' && BEFORE_REGEXP.test(before)) {
      advance(endOfRegExp(source, at));
    } else if (templates.length > 0 && two[0] === '}' && templates.at(-1) === 0) {
      templates.pop();
      advance(at + 1);
      template();
    } else {
      if (templates.length > 0) templates[templates.length - 1] += { '{': 1, '}': -1 }[two[0]] ?? 0;
      advance(at + 1);
    }
  }
  return joined(found);
}

function endOfLine(source, at) {
  const end = source.indexOf('\n', at);
  return end === -1 ? source.length : end;
}

function endOfRegExp(source, start) {
  let isInClass = false;
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '\n') return start + 1;
    else if (source[at] === '[') isInClass = true;
    else if (source[at] === ']') isInClass = false;
    else if (source[at] === '/' && !isInClass) return at + 1;
  }
  return source.length;
}

function blockText(raw) {
  const lines = raw
    .replace(/^\/\*+/, '')
    .replace(/\*\/$/, '')
    .split('\n');
  const text = lines.map((line, index) => (index === 0 ? line.trim() : line.replace(/^\s*\* ?/, '').trimEnd()));
  if (text.length > 1 && text[0] === '') text.shift();
  if (text.length > 1 && text.at(-1).trim() === '') text.pop();
  return text;
}

function joined(comments) {
  const runs = [];
  for (const comment of comments) {
    const last = runs.at(-1);
    const continues =
      last !== undefined &&
      !last.isBlock &&
      !comment.isBlock &&
      !last.isTrailing &&
      !comment.isTrailing &&
      last.column === comment.column &&
      last.line + last.text.length === comment.line;
    if (continues) last.text.push(...comment.text);
    else runs.push(comment);
  }
  return runs;
}
