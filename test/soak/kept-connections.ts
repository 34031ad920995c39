/**
 * Runs clients that never reconnect while an event happens to the server many times. None of their connections may close.
 * npm test leaves this out.
 *
 *     node out/test/soak/kept-connections.js [reloads] [connections] [get|post|idle] [echoes.js|http-echoes.js] [tcp|unix]
 */
import { join } from 'node:path';
import { serve } from '../support/app.ts';
import { KeptConnections } from '../support/kept-connections.ts';

const [reloads = '10', connections = '64', traffic = 'get', entry = 'echoes.js', over = 'tcp'] = process.argv.slice(2);

await using app = await serve({
  entry,
  options: ['--workers', '2', '--log-level', 'debug'],
  ...(over === 'unix' && { env: { PORT: join('/tmp', `kept-${process.pid}.sock`) } }),
});
const kept = await KeptConnections.open(app.target, {
  connections: Number(connections),
  traffic: traffic as 'get' | 'post' | 'idle',
});
const gone: number[] = [];
for (let nth = 1; nth <= Number(reloads); nth++) {
  const before = [...app.workers.values()];
  app.signal('SIGHUP');
  await app.event('reload done', {}, nth);
  const doneAt = performance.now();
  for (const pid of before) await app.event('worker stopped', { pid });
  gone.push(Math.round(performance.now() - doneAt));
}
const { times, ...report } = await kept.stop();
const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
console.log(process.version, entry, over, traffic, JSON.stringify(report));
console.log(
  `  old workers gone after, ms: ${gone.join(' ')}; response times, ms: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(0.9999)}`,
);
console.log(
  app.log
    .filter(({ name }) => name === 'worker drained')
    .map(({ fields }) => JSON.stringify(fields))
    .slice(0, 4)
    .join('\n'),
);
