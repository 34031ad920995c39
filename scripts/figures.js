/**
 * Finds figures that nobody can make again: part of `npm run lint`. A measured figure in README.md or docs/ either stands in a block that
 * a command writes, or its section names the command that prints it: a soak, the bench, a script. What is measured is told by its
 * form: a decimal fraction with a unit, µs and ns, and factors such as "1.04 times". Times and sizes that are set are whole numbers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

const pages = ['README.md', ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))];
/** A block that a command writes, up to its end or to the next heading. */
const WRITTEN = /<!-- bench:[^]*?<!-- \/bench -->|<!-- Written by [^]*?(?=\n#|$(?![^]))/g;
const CODE = /^```[^]*?^```$|^ {4,}\S.*$|`[^`\n]*`/gm;
const MEASURED =
  /\b\d[\d,]*\.\d+ ?(?:µs|ns|ms|s|MB|KB|KiB|MiB|GB|kB|%|times)(?![\w])|\b\d[\d,.]* ?(?:µs|ns)\b|\b\d+\.\d+ \(\d/g;
const COMMAND = /\b(?:node\s(?:out|bench|scripts)\/[\w./-]+|npm run [\w:]+)/;

let faults = 0;
for (const page of pages) {
  const text = readFileSync(page, 'utf8').replaceAll(WRITTEN, '');
  for (const section of text.split(/^(?=#+ )/m)) {
    const found = [...section.replaceAll(CODE, '').matchAll(MEASURED)].map(([figure]) => figure);
    if (found.length === 0 || COMMAND.test(section)) continue;
    const [heading] = section.split('\n');
    console.error(
      `${page}: "${heading}" has measured figures and names no command that prints them: ${found.join(', ')}`,
    );
    faults++;
  }
}
if (faults > 0) process.exitCode = 1;
