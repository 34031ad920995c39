//   bun bun.mjs <workers> <app>: Bun's guide for a server on every core: processes that all listen with `reusePort`.
import { handlers } from './fetch.mjs';

const [workers, app] = process.argv.slice(2);

if (workers) {
  const children = Array.from({ length: Number(workers) }, () =>
    Bun.spawn({ cmd: [process.execPath, import.meta.path, '', app], stdio: ['ignore', 'inherit', 'inherit'] }),
  );
  process.on('SIGTERM', () => {
    for (const child of children) child.kill();
  });
  await Promise.all(children.map((child) => child.exited));
} else {
  Bun.serve({ port: Number(process.env.PORT), hostname: '127.0.0.1', reusePort: true, fetch: handlers[app] });
}
