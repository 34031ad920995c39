import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run, which } from '../command.ts';
import { paths } from '../paths.ts';
import { childrenOf } from '../processes.ts';
import type { App, System } from '../system.ts';

/** Where Debian's golang-github-valyala-fasthttp-dev puts the sources; a GOPATH of one's own works as well. */
const gopath = process.env['GOPATH'] ?? '/usr/share/gocode';
const sources = join(gopath, 'src/github.com/valyala/fasthttp');
const binary = join(paths.results, 'fasthttp');

const apps: readonly App[] = ['hello', 'timer', 'json', 'post', 'tls'];

const build = Promise.withResolvers<void>();
let building = false;

/** Built once a run, from nothing but what is on the machine. */
async function built(): Promise<void> {
  if (!building) {
    building = true;
    build.resolve(
      mkdir(paths.results, { recursive: true }).then(async () => {
        const env = { ...process.env, GOPATH: gopath, GO111MODULE: 'off', GOFLAGS: '', GOPROXY: 'off' };
        await run(['go', 'build', '-o', binary, paths.launcher('fasthttp.go')], { env, timeout: 180_000 });
      }),
    );
  }
  return build.promise;
}

const fasthttpAs = (prefork: boolean): System => ({
  name: prefork ? 'fasthttp-prefork' : 'fasthttp',
  title: prefork ? 'Go fasthttp, prefork' : 'Go fasthttp, one process',
  how: prefork ? 'each child binds its own reuseport socket' : 'goroutines on all cores',
  apps,
  async unavailable() {
    if (which('go') === undefined) return 'go is not on this machine (Debian: golang-go)';
    if (!existsSync(sources)) return 'no fasthttp sources (Debian: golang-github-valyala-fasthttp-dev)';
    await built();
    return undefined;
  },
  async version() {
    const go = (await run(['go', 'version'])).split(' ')[2];
    const debian =
      which('dpkg-query') &&
      (await run(['dpkg-query', '-W', '-f', '${Version}', 'golang-github-valyala-fasthttp-dev']));
    return `${debian ?? 'unknown'}, ${go}`;
  },
  command: ({ app, port, workers }) => ({
    argv: [binary, '-app', app, '-addr', `127.0.0.1:${port}`, ...(prefork ? ['-prefork'] : [])],
    environment: { GOMAXPROCS: String(workers) },
  }),
  noReload: async () => 'has no reload',
  ...(prefork ? { workers: ({ supervisor }) => childrenOf(supervisor) } : { noKill: 'nothing starts it again' }),
});

export const fasthttp = fasthttpAs(false);
export const fasthttpPrefork = fasthttpAs(true);
