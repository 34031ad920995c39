/** The files that the pages take for granted, and the servers. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A server that answers with its pid. The one in slot 0 is busy for ever after a request for /spin. */
const server = `const { createServer } = require('node:http');

function spin() {
  for (;;);
}

createServer((request, response) => {
  if (request.url === '/spin' && process.env.PREFORK_SLOT === '0') {
    console.error('it spins');
    spin();
  }
  response.end(String(process.pid));
}).listen(process.env.PORT);
`;

const apps = ['api', 'blog', 'shop'].map((name) => ({ name, entry: 'server.js', workers: 1 }));

const files: Readonly<Record<string, string>> = {
  'srv/app/server.js': server,
  'srv/app/dist/app.js': server,
  'srv/app/instrumentation.mjs': '',
  'srv/app/ecosystem.config.js': `module.exports = { apps: [{ name: 'api', script: 'server.js', instances: 1 }] };`,
  'srv/apps/server.js': server,
  'srv/apps/prefork.config.js': `module.exports = ${JSON.stringify({ apps })};`,
  'srv/shop/server.js': server,
  'srv/shop/releases/2/server.js': server,
  'srv/shop/releases/2/.env': 'RELEASE=2',
  'srv/shop/releases/3/server.js': server,
  'srv/shop/releases/3/.env': 'RELEASE=3',
};

/** Makes them below a directory. */
export function makePlaces(home: string): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(home, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  symlinkSync('releases/2', join(home, 'srv/shop/current'));
}

/** The servers that a page may take for granted, by the command that starts them: one, or several under one process. */
export const running = {
  one: {
    directory: 'srv/app',
    words:
      'prefork --name api --workers 2..8 --keep-previous 1m --canary-watch 1s --on-doubt continue --health-path /healthz server.js',
  },
  several: { directory: 'srv/apps', words: 'prefork' },
} as const;

export type Running = keyof typeof running;
