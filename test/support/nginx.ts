/** nginx in front of a server, to which it keeps its connections. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { testDirectory } from './abandoned.ts';
import type { Target } from './app.ts';
import { get } from './http.ts';
import { freePort } from './platform.ts';
import { poll } from './watched.ts';

/** Debian keeps it where only root's PATH looks. */
const PROGRAM = '/usr/sbin/nginx';
/** The number of Debian's user without rights. */
const UNPRIVILEGED = 65_534;

/** The reason why there is no nginx to test with. */
export const noNginx: string | false = existsSync(PROGRAM) ? false : `needs nginx, as ${PROGRAM}`;

/** The object owns the process and its directory, and disposing of it ends and removes both. */
export class Nginx implements AsyncDisposable {
  readonly target: Target;
  /** What nginx has logged at the level `error` or above. */
  complaints = '';
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#child = child;
    this.#directory = directory;
    this.target = { host: '127.0.0.1', port };
    child.stderr!.setEncoding('utf8').on('data', (text: string) => void (this.complaints += text));
  }

  /**
   * Starts nginx, with one process, for a server.
   *
   * @param kept the number of idle connections that nginx keeps to the server
   */
  static async open(upstream: Target, kept: number): Promise<Nginx> {
    const directory = testDirectory('nginx');
    const port = await freePort();
    writeFileSync(join(directory, 'nginx.conf'), configuration({ directory, port, upstream, kept }));
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(directory, UNPRIVILEGED, UNPRIVILEGED);
    const child = spawn(PROGRAM, ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(isRoot && { uid: UNPRIVILEGED, gid: UNPRIVILEGED }),
    });
    const nginx = new Nginx(child, directory, port);
    const answers = async (): Promise<true | undefined> => {
      const answer = await get(nginx.target).catch(() => undefined);
      return answer?.status === 200 || undefined;
    };
    await poll(answers, 'nginx').catch(async (error: Error) => {
      await nginx[Symbol.asyncDispose]();
      throw new Error(`${error.message}\n${nginx.complaints}`, { cause: error });
    });
    return nginx;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#directory, { recursive: true });
  }
}

interface Setting {
  readonly directory: string;
  readonly port: number;
  readonly upstream: Target;
  readonly kept: number;
}

/** nginx itself ends no connection, and sends no request a second time. */
function configuration({ directory, port, upstream, kept }: Setting): string {
  const server = 'socketPath' in upstream ? `unix:${upstream.socketPath}` : `${upstream.host}:${upstream.port}`;
  return `worker_processes 1;
daemon off;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  upstream app { server ${server}; keepalive ${kept}; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream off;
    }
  }
}
`;
}
