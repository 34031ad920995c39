/** Writes dist/status.schema.json, which is published as prefork/status.schema.json. */
import { writeFileSync } from 'node:fs';
import { statusSchema } from '../dist/control/status/status-schema.js';

const file = new URL('../dist/status.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(statusSchema, null, 2)}\n`);
