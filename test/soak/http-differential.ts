/**
 * Compares how node:http and prefork/http read mutated requests, a million by default:
 *
 *     node out/test/soak/http-differential.js [count] [seed]
 */
import { differences } from '../unit/http/protocol/differential.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
console.log(`seed ${seed}, ${count} requests`);
const found = await differences(seed, count);
for (const difference of found.slice(0, 20)) console.log(JSON.stringify(difference));
console.log(`${found.length} differences`);
process.exitCode = found.length === 0 ? 0 : 1;
