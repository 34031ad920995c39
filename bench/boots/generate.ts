/**
 * Writes a big application: many CommonJS modules that require each other as those of real dependencies do, with some
 * kilobytes of functions and classes each, and a server that loads all of them before it listens.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many further modules a module loads. */
const CHILDREN = 6;
const FUNCTIONS = 18;
const PER_DIRECTORY = 50;

export interface Application {
  readonly modules: number;
  /** What the start waits for after its modules are loaded, ms: a database that takes its time. @default 0 */
  readonly waits?: number;
}

/** @returns the application's entry. */
export function generate(directory: string, { modules, waits = 0 }: Application): string {
  for (let index = 0; index < modules; index++) {
    const file = join(directory, pathOf(index));
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, moduleText(index, modules));
  }
  const entry = join(directory, 'server.js');
  writeFileSync(entry, serverText(waits));
  return entry;
}

const pathOf = (index: number): string => `d${Math.floor(index / PER_DIRECTORY)}/m${index}.js`;

function moduleText(index: number, modules: number): string {
  const children = Array.from({ length: CHILDREN }, (_, nth) => index * CHILDREN + nth + 1).filter(
    (one) => one < modules,
  );
  const requires = children.map((child) => `const m${child} = require('../${pathOf(child)}');`);
  const functions = Array.from({ length: FUNCTIONS }, (_, nth) => functionText(index, nth));
  return [
    "'use strict';",
    ...requires,
    ...functions,
    `class Service${index} {`,
    `  constructor(options = {}) { this.options = { retries: ${index % 7}, timeout: ${index % 997}, ...options }; }`,
    `  run(input) { return step0(step1(input, this.options.retries), this.options.timeout); }`,
    '}',
    // Work of a module's first run: tables, classes, a schema.
    `const table = new Map(Array.from({ length: 40 }, (_, at) => ['key' + at, step2(String(at), ${index})]));`,
    `const schema = { type: 'object', properties: Object.fromEntries([...table.keys()].map((key) => [key, { type: 'string' }])) };`,
    `module.exports = { Service${index}, table, schema, children: [${children.map((child) => `m${child}`).join(', ')}] };`,
    '',
  ].join('\n');
}

/** Text that differs from function to function, so that no compiled code is shared. */
const functionText = (index: number, nth: number): string => `function step${nth}(input, options) {
  const parts = String(input).split('/').filter((part) => part !== 'skip${index}');
  const found = { name: 'm${index}-${nth}', at: ${index * 31 + nth}, parts, options };
  for (const [key, part] of parts.entries()) {
    if (part.length > ${nth + 2}) found['part' + key] = part.toUpperCase();
    else if (/^[a-z]+${nth}$/.test(part)) found['word' + key] = { part, index: ${index} };
    else found['rest' + key] = [part, key, ${nth}].join('-');
  }
  return found;
}`;

const serverText = (waits: number): string => `'use strict';
const { createServer } = require('node:http');
const root = require('./d0/m0.js');
const server = createServer((request, response) => response.end(String(root.table.size)));
setTimeout(() => server.listen(Number(process.env.PORT), '127.0.0.1'), ${waits});
`;
