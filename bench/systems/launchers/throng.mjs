//   node throng.mjs <workers> <entry>
import { pathToFileURL } from 'node:url';
import throng from 'throng';

const [count, entry] = process.argv.slice(2);

await throng({ count: Number(count), worker: () => import(pathToFileURL(entry)) });
