/**
 * What a code base looks like in figures: `node scripts/measure.js [directory ...] [--json | --check]`. Without a directory it measures
 * `src`. With `--check` it prints nothing, and fails where files or folders import in a circle or a folder is too large. It reads TypeScript, JavaScript, Go, Python and Ruby, so that this project can be put beside others.
 *
 * Everything is told from indentation, which the formatters of these languages keep: a function is a line that opens one and
 * everything up to the line of the same depth that closes it. That counts functions inside functions, and leaves out arrow
 * functions of one line. Every language is measured by the same rules, so the figures compare.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

/** So many lines that stand in two places are a duplicate. */
const DUPLICATE_LINES = 6;

const SKIPPED =
  /^(?:node_modules|\.git|dist|out|vendor|tests?|test-d|spec|examples|bench|benchmark|docs|fuzz|testing)$/;
const TESTS = /(?:_test\.go|\.test\.[jt]s|\.d\.ts)$/;

/** `opens`: a line that begins a function. `closes`: whether the line of the same depth that ends it belongs to it. */
const languages = {
  ts: {
    opens: [
      /^(?:export )?(?:default )?(?:async )?function\b.*\{$/,
      /^(?:(?:private|public|static|override|async|get|set|readonly) )*[#\w]+(?:<.*>)?\(.*\)(?:: .*)? \{$/,
      /^(?:(?:private|public|static|override|async) )*[#\w]+(?:<.*>)?\($/,
      /=> \{$/,
    ],
    notOpens: /^(?:if|for|while|switch|catch|return|else|do|try|with)\b|^\} /,
    closes: true,
    comment: { line: '//', from: '/*', to: '*/' },
    imports: /^(?:import|export)\b.* from |^\} from |^import /,
    cast: /\bas (?!const\b|(?:\w+),? )[A-Z{('"\w]|<any>/,
  },
  go: {
    opens: [/^func\b.*\{$/, /\bfunc\(.*\{$/],
    closes: true,
    comment: { line: '//', from: '/*', to: '*/' },
    imports: /^import\b/,
  },
  py: {
    opens: [/^(?:async )?def \w+\(/],
    closes: false,
    comment: { line: '#', from: '"""', to: '"""' },
    imports: /^(?:import|from) /,
  },
  rb: { opens: [/^(?:private |public |protected )?def /], closes: true, comment: { line: '#' }, imports: /^require/ },
};
const languageOf = (file) =>
  languages[{ mts: 'ts', js: 'ts', mjs: 'ts' }[file.split('.').at(-1)] ?? file.split('.').at(-1)];

/** Every file of source below a directory. */
function sources(directory) {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return SKIPPED.test(name) && path !== directory ? [] : sources(path);
    return languageOf(name) !== undefined && !TESTS.test(name) ? [path] : [];
  });
}

/** @returns the lengths of the functions of a text, in lines. */
function functions(lines, { opens, notOpens, closes }) {
  const lengths = [];
  for (const [at, line] of lines.entries()) {
    const text = line.trim();
    if (!opens.some((pattern) => pattern.test(text)) || notOpens?.test(text)) continue;
    const depth = line.length - line.trimStart().length;
    const end = lines.findIndex((other, n) => {
      if (n <= at || other.trim() === '') return false;
      const isSame = other.length - other.trimStart().length <= depth;
      return isSame && !other.trim().startsWith(')');
    });
    const last = end === -1 ? lines.length : end;
    const body = lines.slice(at, last).filter((one) => one.trim() !== '');
    lengths.push(body.length + (closes && end !== -1 ? 1 : 0));
  }
  return lengths;
}

/** @returns which lines are comments, and which are code. */
function classify(lines, { line: mark, from, to }) {
  let isInside = false;
  return lines.map((line) => {
    const text = line.trim();
    if (text === '') return 'blank';
    if (isInside) {
      if (text.includes(to)) isInside = false;
      return 'comment';
    }
    if (text.startsWith(mark)) return 'comment';
    if (from !== undefined && text.startsWith(from)) {
      isInside = !text.slice(from.length).includes(to);
      return 'comment';
    }
    return 'code';
  });
}

/** @returns how many lines of code belong to a run of `DUPLICATE_LINES` that stands in two places. */
function duplicated(files) {
  const places = new Map();
  for (const [path, { code, imports }] of files) {
    const kept = code.filter(({ text }) => text.length > 3 && !imports.test(text));
    for (let at = 0; at + DUPLICATE_LINES <= kept.length; at++) {
      const run = kept.slice(at, at + DUPLICATE_LINES);
      const key = run.map(({ text }) => text).join('\n');
      const found = places.get(key) ?? [];
      found.push(run.map(({ number }) => `${path}:${number}`));
      places.set(key, found);
    }
  }
  return new Set([...places.values()].filter(({ length }) => length > 1).flat(2)).size;
}

/** Folders that reach each other by imports of values, and files that do by any import. */
function circles(edges) {
  const order = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (node) => {
    order.set(node, order.size);
    low.set(node, order.get(node));
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== order.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) found.push(circle.toSorted((a, b) => (a < b ? -1 : 1)));
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}

/** @param withTypes whether imports of types alone count. */
function graph(files, groupOf, withTypes) {
  const edges = new Map();
  for (const [path, { text }] of files) {
    const from = groupOf(path);
    if (!edges.has(from)) edges.set(from, new Set());
    for (const [, isType, specifier] of text.matchAll(/^(?:import|export)( type)?\b[^;]*?from '(\.[^']+)'/gms)) {
      const to = groupOf(resolve(dirname(path), specifier));
      // A folder may use what it contains, and what it contains may use the folder.
      const isWithin = to.startsWith(`${from}/`);
      if (to !== from && (withTypes || isType === undefined) && !isWithin) edges.get(from).add(to);
    }
  }
  return edges;
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
const spread = (lengths) => {
  const sorted = lengths.toSorted((a, b) => a - b);
  return { median: at(sorted, 0.5), p90: at(sorted, 0.9), longest: sorted.at(-1) ?? 0 };
};

function measure(directory) {
  const files = new Map();
  for (const path of sources(directory)) {
    const language = languageOf(path);
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n');
    const kinds = classify(lines, language.comment);
    const code = lines.flatMap((line, n) => (kinds[n] === 'code' ? [{ text: line.trim(), number: n + 1 }] : []));
    files.set(resolve(path), { ...language, text, lines, kinds, code });
  }
  const all = [...files.values()];
  const count = (kind) => all.reduce((sum, { kinds }) => sum + kinds.filter((one) => one === kind).length, 0);
  const folders = Map.groupBy ? Map.groupBy(files.keys(), dirname) : group(files.keys(), dirname);
  const largest = [...folders].toSorted(([, a], [, b]) => b.length - a.length)[0];
  const [code, comments] = [count('code'), count('comment')];
  const folderEdges = graph(files, dirname, false);
  const name = (path) => relative(directory, path) || '.';
  return {
    directory,
    files: files.size,
    lines: { code, comments, share: comments / (code + comments) },
    file: spread(all.map(({ lines }) => lines.length - 1)),
    function: spread(all.flatMap(({ lines, ...language }) => functions(lines, language))),
    casts: all.reduce(
      (sum, { code: own, cast }) => sum + own.filter(({ text }) => cast?.test(text) === true).length,
      0,
    ),
    duplicated: duplicated(files),
    folders: folders.size,
    largestFolder: largest === undefined ? null : { folder: name(largest[0]), files: largest[1].length },
    foldersAbove20: [...folders].filter(([, inside]) => inside.length > 20).map(([folder]) => name(folder)),
    importsBetweenFolders: [...folderEdges.values()].reduce((sum, { size }) => sum + size, 0),
    circlesOfFiles: circles(graph(files, (path) => path, true)).map((circle) => circle.map(name)),
    circlesOfFolders: circles(folderEdges).map((circle) => circle.map(name)),
  };
}

function group(keys, by) {
  const groups = new Map();
  for (const key of keys) groups.set(by(key), [...(groups.get(by(key)) ?? []), key]);
  return groups;
}

const rows = [
  ['files', (m) => m.files],
  ['lines of code', (m) => m.lines.code],
  ['comments, share of lines', (m) => `${(100 * m.lines.share).toFixed(0)} %`],
  ['file: median / 90th percentile / longest', ({ file }) => `${file.median} / ${file.p90} / ${file.longest}`],
  [
    'function: median / 90th percentile / longest',
    (m) => `${m.function.median} / ${m.function.p90} / ${m.function.longest}`,
  ],
  ['casts', (m) => m.casts],
  ['lines that stand twice', (m) => m.duplicated],
  ['folders', (m) => m.folders],
  ['largest folder, files', ({ largestFolder: l }) => (l === null ? '-' : `${l.files} (${l.folder})`)],
  ['folders of more than 20 files', (m) => m.foldersAbove20.length],
  ['imports between folders', (m) => m.importsBetweenFolders],
  ['circles of files / of folders', (m) => `${m.circlesOfFiles.length} / ${m.circlesOfFolders.length}`],
];

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, check: { type: 'boolean' } },
  allowPositionals: true,
});
const measured = (positionals.length === 0 ? ['src'] : positionals).map(measure);
if (values.check) check();
else if (values.json) console.log(JSON.stringify(measured, undefined, 2));
else {
  console.log(`| | ${measured.map(({ directory }) => directory).join(' | ')} |`);
  console.log(`| --- |${' ---: |'.repeat(measured.length)}`);
  for (const [what, show] of rows) console.log(['', what, ...measured.map(show), ''].join(' | ').trim());
}

function check() {
  for (const { directory, circlesOfFiles, circlesOfFolders, foldersAbove20 } of measured) {
    const faults = [
      ...[...circlesOfFiles, ...circlesOfFolders].map((circle) => `a circle of imports: ${circle.join(', ')}`),
      ...foldersAbove20.map((folder) => `more than 20 files in ${folder}`),
    ];
    for (const fault of faults) console.error(`${directory}: ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  }
}
