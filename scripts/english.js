/**
 * Checks the English of comments: `node scripts/english.js` checks the folders below and fails when it finds a fault.
 * With `--all` it checks every folder, prints the number of faults of each, and never fails. CONTRIBUTING.md has the rules.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { commentsOf } from './comments.js';

/** The rules hold in these places. A place joins the list when its comments follow the rules, and never leaves it. */
const PLACES = [
  'src/cli/',
  'src/doctor/',
  'src/options/',
  'src/systemd/',
  'src/inspector/',
  'src/privileges/',
  'src/control/',
  'src/testing/',
  'src/dashboard/',
  'src/upgrade/',
  'src/format/',
  'src/ipc/',
  'src/balance/',
  'src/state/',
  'src/listeners/',
  'src/scoreboard/',
  'src/contract/',
  'src/primary/',
  'src/metrics/',
  'src/http/',
  'src/sockets/',
  'src/worker/',
  'src/cli.ts',
  'src/errors.ts',
  'src/fetch-handler.ts',
  'src/http.ts',
  'src/index.ts',
  'src/prefork.ts',
  'src/state.ts',
  'src/testing.ts',
  'src/tls.ts',
  'src/worker.ts',
  'test/support/',
  'test/unit/contract/',
  'test/unit/metrics/',
  'test/unit/balance/',
  'test/unit/cli/',
  'test/unit/control/',
  'test/unit/dashboard/',
  'test/unit/doctor/',
  'test/unit/inspector/',
  'test/unit/ipc/',
  'test/unit/listeners/',
  'test/unit/options/',
  'test/unit/privileges/',
  'test/unit/scoreboard/',
  'test/unit/state/',
  'test/unit/systemd/',
  'test/unit/testing/',
  'test/unit/upgrade/',
  'test/unit/http/',
  'test/unit/primary/',
  'test/unit/worker/',
  'test/unit/docs/',
  'test/unit/internals/',
  'test/process/',
  'test/security/',
  'test/package/',
  'test/soak/',
  'test/hosts/',
];

/** The list ends here: these folders hold programs and text of other makers. */
const EXEMPT = /^test\/(fixtures|conformance)\//;

const LONGEST_SENTENCE_WORDS = 40;
const SHORTEST_PHRASE_WORDS = 6;

const FORBIDDEN = /\b(whoever|whomever|nobody|somebody|lest)\b/i;
/** A comment that opens with one of these has no subject, or has one that the reader must look for. */
const OPENING = /^(Of|It|Its|One|Who|Whom|Whose|By|For(?! example))\b/;
/** A sentence that opens with one of these is the rest of another sentence. */
const REST = /^(Nor|Than|Upon which|Not|Never|Neither in|Only in|Which|And then)\b/;
/** "As npm writes it." is half a sentence. "As soon as it is closed, ..." is a whole one. */
const HALF = /^(As|Because|Unless|Until|While|When|Where|If|Although|Since|So that|Upon)\b[^,;:]*$/;
const PREPOSITION = /^(In|On|At|To|From|With|Without|Under|Into|Through|Beside|Between|Within|During|After|Before)\b/;

/** Names of programs and parts of the system that are written small. */
const NAMES =
  /^(prefork|node|npm|cgroup|systemd|libuv|undici|llhttp|xterm|epoll|fasthttp|nginx|curl|inotify|tsx|strace)\b/;

const TIME = /\b(ms|milliseconds?|seconds?|minutes?|microseconds?|nanoseconds?)\b/i;
const SIZE = /\b(bytes?|kilobytes?|megabytes?|[kKM]i?B)\b/;
const TIME_NAME = /(^|_)(TIMEOUT|INTERVAL|PERIOD|DELAY|DEADLINE|GRACE|TTL|PATIENCE|JITTER_TIME)(_|$)/;
const UNIT =
  /_(MS|US|NS|S|SECONDS|MINUTES|HOURS|BYTES|KB|MB|TICKS)$|^(BYTES|KB|MB|GB|MS|KILOBYTE|MEGABYTE)$|_(MS|BYTES)_/;
const CONSTANT = /^\s*(?:export )?const ([A-Z][A-Z0-9_]*)(?:: number)? = [-\d(A-Z][-\w .*+/()]*;/;

const all = process.argv.includes('--all');
const counts = new Map();
let faults = 0;
for (const file of ['src', 'test'].flatMap(filesIn)) {
  if (EXEMPT.test(file) || (!all && !PLACES.some((place) => file.startsWith(place)))) continue;
  for (const { line, message } of check(readFileSync(file, 'utf8'))) {
    faults++;
    if (all) counts.set(placeOf(file), (counts.get(placeOf(file)) ?? 0) + 1);
    else console.error(`${file}:${line}: ${message}`);
  }
}
if (all) for (const [place, count] of counts) console.log(`${String(count).padStart(5)} ${place}`);
console.log(`english: ${faults} faults`);
if (faults > 0 && !all) process.exitCode = 1;

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

function placeOf(file) {
  const [top, folder, inner] = file.split('/');
  const depth = (top === 'test' || folder === 'primary') && inner !== undefined ? 3 : 2;
  return file.split('/').length > depth ? file.split('/').slice(0, depth).join('/') : top;
}

function* check(source) {
  const comments = commentsOf(source);
  for (const comment of comments) yield* checkComment(comment);
  yield* checkConstants(source.split('\n'), comments);
}

function* checkComment(comment) {
  const sentences = [...sentencesOf(comment)];
  for (const [index, { line, text }] of sentences.entries()) {
    const words = text.split(/\s+/).length;
    const opening = text.split(/\s+/, 1)[0];
    const quote = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
    const forbidden = FORBIDDEN.exec(text);
    if (forbidden) yield { line, message: `"${forbidden[0]}" is a word to avoid: ${quote}` };
    if (index === 0 && OPENING.test(text)) yield { line, message: `a comment opens with "${opening}": ${quote}` };
    // "How long a worker may take." is a usual beginning of a description, and so are these.
    const isDescription = index === 0 && comment.isDoc && /^(Which|When|Where|Whether)\b/.test(text);
    if (!isDescription && (REST.test(text) || HALF.test(text))) yield { line, message: `half a sentence: ${quote}` };
    else if (PREPOSITION.test(text) && words < SHORTEST_PHRASE_WORDS && !/[,\d]/.test(text))
      yield { line, message: `a phrase, not a sentence: ${quote}` };
    else if (index === 0 && comment.isDoc && /^[a-z]+ [a-z]/.test(text) && !NAMES.test(text))
      yield { line, message: `a doc comment opens with a lower-case word: ${quote}` };
    if (words > LONGEST_SENTENCE_WORDS) yield { line, message: `a sentence of ${words} words: ${quote}` };
  }
}

/** Yields each sentence and the line on which it starts. Examples, tags with a name, lists and tables are not prose. */
function* sentencesOf({ line: first, text: lines }) {
  let paragraph = [];
  let isCode = false;
  for (const [index, text] of [...lines, ''].entries()) {
    if (text.startsWith('@example')) isCode = true;
    else if (text.startsWith('@')) isCode = false;
    const isBreak = text.trim() === '' || /^(@|\s*[-*|] |\s{4}|[─=~-]{3})/.test(text);
    if (isBreak || isCode) {
      yield* split(paragraph);
      paragraph = [];
      continue;
    }
    paragraph.push({ line: first + index, text });
  }
}

function* split(paragraph) {
  const whole = paragraph.map(({ text }) => text.trim()).join(' ');
  const ends = /(?<!\b(?:e\.g|i\.e|etc|vs|cf|St|No))[.!?]["')\]`]*(?= +["'(`]?[A-Z`'"(])/g;
  let start = 0;
  const cuts = [...whole.matchAll(ends)].map((match) => match.index + match[0].length);
  for (const end of [...cuts, whole.length]) {
    const text = whole.slice(start, end).trim();
    if (text !== '') yield { line: lineAt(paragraph, whole.indexOf(text, start)), text };
    start = end;
  }
}

function lineAt(paragraph, offset) {
  let passed = 0;
  for (const { line, text } of paragraph) {
    passed += text.trim().length + 1;
    if (offset < passed) return line;
  }
  return paragraph.at(-1).line;
}

/** A constant of time or size says its unit in its name. What it is shows in the name, or in the comment that stands at it. */
function* checkConstants(lines, comments) {
  for (const [index, code] of lines.entries()) {
    const name = CONSTANT.exec(code)?.[1];
    if (name === undefined || UNIT.test(name)) continue;
    const line = index + 1;
    const standing = comments.find(
      (comment) => comment.line <= line && endOf(comment) >= line - 1 && !comment.isTrailing,
    );
    const trailing = comments.find((comment) => comment.isTrailing && comment.line === line);
    const about = [standing, trailing].flatMap((comment) => comment?.text ?? []).join(' ');
    const first = about.split(/[.;](?: |$)/, 1)[0];
    const says =
      /^(?:\S+ )?(milliseconds?|seconds?|minutes?|bytes?|ms)\b/i.test(first) || /\bin (ms|bytes|seconds)\b/.test(about);
    if (TIME_NAME.test(name) || says || /\* 1024\b/.test(code) || (TIME.test(first) && first.startsWith('How long')))
      yield { line, message: `${name} has no unit in its name, such as _MS or _BYTES` };
    else if (SIZE.test(first) && /\b(most|more|least|longest|largest|up to)\b/i.test(first))
      yield { line, message: `${name} has no unit in its name, such as _BYTES` };
  }
}

function endOf({ line, text, isBlock, isDoc }) {
  return isBlock && isDoc && text.length > 1 ? line + text.length + 1 : line + text.length - 1;
}
