#!/usr/bin/env node
/** The `prefork` command. */
import { setFlagsFromString } from 'node:v8';
import { main } from './cli/main.ts';

// The primary has no hot code, and one compiler less is 2 MB less.
setFlagsFromString('--no-maglev');

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
