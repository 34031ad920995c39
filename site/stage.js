/**
 * Puts the documents of the repository into pages/, as VitePress wants them. A link to a document becomes one to its page; a file or a
 * directory that a document links to gets a page that shows it, so that the site needs no address of the repository; a picture that
 * has a light and a dark form follows the site's switch.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, normalize, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contents, placeOf } from './contents.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = fileURLToPath(new URL('pages', import.meta.url));
/** A longer file is offered as it is. */
const LONGEST_SHOWN_BYTES = 60_000;
const LANGUAGES = { mjs: 'js', cjs: 'js', Dockerfile: 'docker', '.dockerignore': 'txt', service: 'ini', socket: 'ini' };

const documents = new Set(contents.flatMap(([, entries]) => entries.map(([document]) => document)));
/** Files and directories that a document links to. */
const shown = new Set();

const missing = readdirSync(join(root, 'docs')).filter(
  (name) => name.endsWith('.md') && !documents.has(`docs/${name}`),
);
if (missing.length > 0) throw new Error(`site/contents.js has no entry for docs/${missing.join(', docs/')}`);

rmSync(pages, { recursive: true, force: true });
for (const document of documents) {
  write(`${placeOf(document)}.md`, staged(document, readFileSync(join(root, document), 'utf8')));
}
mkdirSync(join(pages, 'public'), { recursive: true });
copyFileSync(new URL('icon.svg', import.meta.url), join(pages, 'public/icon.svg'));
for (const path of shown) write(`${placeOfShown(path)}.md`, shows(path));

function write(name, text) {
  const file = join(pages, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The text with its links and pictures changed, except in blocks of code. */
function staged(document, text) {
  const here = placeOf(document);
  const parts = text.split(/^(```[^]*?^```$)/m);
  const changed = parts.map((part) =>
    part.startsWith('```') ? part : withPictures(document, withLinks(document, here, part)),
  );
  return changed.join('');
}

function withLinks(document, here, text) {
  return text.replaceAll(/(?<!!\[[^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)/g, (whole, path, anchor = '') => {
    if (/^[a-z]+:/.test(path)) return whole;
    const target = normalize(join(dirname(document), path)).replace(/\/$/, '');
    if (documents.has(target)) return `](./${posix.relative(dirname(here), placeOf(target))}.md${anchor})`;
    const isFile = statSync(join(root, target)).isFile();
    if (isFile && statSync(join(root, target)).size > LONGEST_SHOWN_BYTES) return `](${asIs(target)})`;
    shown.add(target);
    return `](./${placeOfShown(target)}.md)`;
  });
}

/** VitePress knows no page whose name begins with a dot, and takes `.md` off the end of a link as often as it stands there. */
function placeOfShown(path) {
  return `files/${path.replaceAll(/(^|\/)\./g, '$1').replace(/\.md$/, '-md')}`;
}

/** Copies a file to where the built site has it under the same name. */
function asIs(path) {
  const copy = join(pages, 'public/files', path);
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(join(root, path), copy);
  return `/files/${path}`;
}

/** GitHub chooses by the reader's system, and so do the documents. The site has a switch. */
function withPictures(document, text) {
  const picture =
    /<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*<img alt="([^"]*)" src="([^"]+)">\s*<\/picture>/g;
  const image = (path, alt, mode) => `<img class="${mode}-only" alt="${alt}" src="${pictureOf(document, path)}">`;
  const both = text.replaceAll(
    picture,
    (_, dark, alt, light) => `<p>${image(light, alt, 'light')}${image(dark, alt, 'dark')}</p>`,
  );
  return both.replaceAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g, (whole, alt, path) =>
    /^[a-z]+:/.test(path) ? whole : `![${alt}](${pictureOf(document, path)})`,
  );
}

function pictureOf(document, path) {
  const file = normalize(join(dirname(document), path));
  const copy = join(pages, 'pictures', basename(file));
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(join(root, file), copy);
  return `./pictures/${basename(file)}`;
}

/** A page that shows a file, or all files of a directory. */
function shows(path) {
  const isFile = statSync(join(root, path)).isFile();
  const files = isFile ? [path] : filesBelow(path);
  const sections = files.map((file) => `${isFile ? '' : `## ${file}\n\n`}${block(file)}`);
  return `---\nprev: false\nnext: false\nsearch: false\noutline: [2, 2]\n---\n\n# ${path}\n\n${sections.join('\n')}`;
}

function filesBelow(directory) {
  return readdirSync(join(root, directory), { recursive: true })
    .map((name) => posix.join(directory, name))
    .filter(
      (file) => !/(^|\/)(node_modules|package-lock\.json)(\/|$)/.test(file) && statSync(join(root, file)).isFile(),
    )
    .toSorted();
}

function block(file) {
  const text = readFileSync(join(root, file), 'utf8').trimEnd();
  const name = extname(file) === '' ? basename(file) : extname(file).slice(1);
  return `\`\`\`\`${LANGUAGES[name] ?? name}\n${text}\n\`\`\`\`\n`;
}
