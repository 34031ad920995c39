import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, which } from '../command.ts';
import { childrenOf } from '../processes.ts';
import type { App, Running, Setting, System } from '../system.ts';
import { until } from '../wait.ts';

/** Debian keeps it where only root's PATH looks. */
const nginx = which('nginx') ?? ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find((file) => existsSync(file));

const prefix = ({ directory }: Setting): string => join(directory, 'nginx');

/**
 * @param upstream the block that `location` leads to, if any.
 * @param location what is done with each request.
 */
function configuration(
  { app, port, workers, environment }: Setting,
  directory: string,
  upstream: string,
  location: string,
): string {
  const secure = app === 'tls';
  const tls = `ssl_certificate ${environment['BENCH_TLS_CERT']}; ssl_certificate_key ${environment['BENCH_TLS_KEY']};
      ssl_session_tickets off; ssl_session_cache off;`;
  return `worker_processes ${workers};
daemon off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  ${upstream}
  server {
    listen 127.0.0.1:${port} ${secure ? 'ssl ' : ''}reuseport backlog=511;
    ${secure ? tls : ''}
    location / { ${location} }
  }
}
`;
}

async function configured(setting: Setting, upstream: string, location: string): Promise<void> {
  const directory = prefix(setting);
  await mkdir(directory);
  await writeFile(join(directory, 'nginx.conf'), configuration(setting, directory, upstream, location));
}

const isDone = (before: readonly number[], { supervisor }: Running): boolean => {
  const now = childrenOf(supervisor);
  return now.length >= before.length && before.every((pid) => !now.includes(pid));
};

/** nginx answering by itself, without Node: the ceiling of what this machine, kernel and load generator can do. */
export const nginxSystem: System = {
  name: 'nginx',
  title: 'nginx, without Node',
  how: 'answers by itself, the ceiling; the master binds one reuseport socket per worker',
  apps: ['hello', 'tls'] satisfies App[],
  unavailable: async () => (nginx === undefined ? 'nginx is not on this machine' : undefined),
  version: async () => (await run([nginx!, '-v'])).replace('nginx version: nginx/', ''),
  prepare: (setting) => configured(setting, '', "default_type text/plain; return 200 'Hello, World!';"),
  command: (setting) => ({ argv: [nginx!, '-p', prefix(setting), '-c', 'nginx.conf', '-e', 'stderr'] }),
  noReload: async () => undefined,
  async reload(running) {
    const before = childrenOf(running.supervisor);
    process.kill(running.supervisor, 'SIGHUP');
    await until(() => isDone(before, running), 20_000, "nginx's old workers to leave");
  },
  workers: ({ supervisor }) => childrenOf(supervisor),
};

/** nginx in front of a server at this port. It keeps as many idle connections to it as its documentation's example does. */
export const proxyTo = (port: number): System => ({
  ...nginxSystem,
  name: 'proxy',
  title: 'nginx, as a proxy',
  apps: ['hello', 'post'] satisfies App[],
  prepare: (setting) =>
    configured(
      setting,
      `upstream app { server 127.0.0.1:${port}; keepalive 32; keepalive_requests 1000000000; keepalive_time 24h; }`,
      "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_pass http://app;",
    ),
});
