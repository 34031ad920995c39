/** Keyv's own suite for its stores, on files that processes share: `npm run test:conformance`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import suite, { keyvIteratorTests } from '@keyv/test-suite';
import { Keyv } from 'keyv';
import * as vitest from 'vitest';
import { openState } from '../../dist/state.js';
import { KeyvStore } from '../../dist/state/adapters/keyv.js';

const path = mkdtempSync(join(tmpdir(), 'prefork-test-'));
const state = await openState({ path });
vitest.afterAll(async () => {
  await state.close();
  rmSync(path, { recursive: true });
});
const store = () => new KeyvStore(state);
suite(vitest, Keyv, store);
keyvIteratorTests(vitest, Keyv, store);
