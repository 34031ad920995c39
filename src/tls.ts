import { readFile } from 'node:fs/promises';
import { Server as HttpServer } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { createServer, Server as TlsServer, type TlsOptions } from 'node:tls';
import { serveInFront, servedBy } from './http/server/served.ts';

/** Certificate chain and private key as PEM files. */
export interface TlsFiles {
  readonly keyFile: string;
  readonly certFile: string;
}

/** Certificate chain and private key as PEM. All other options of `tls.createServer` may be added. */
export type TlsMaterial = TlsOptions & Required<Pick<TlsOptions, 'key' | 'cert'>>;

export async function readTlsFiles({ keyFile, certFile }: TlsFiles): Promise<TlsMaterial> {
  const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)]);
  return { key, cert };
}

/**
 * Makes a server that speaks TLS and passes decrypted connections to the given server, as if that had accepted them:
 * `http.Server`'s documentation allows to emit 'connection' with any duplex stream. A server that speaks TLS itself
 * gets the key instead.
 */
export function secure(server: NetServer, material: TlsMaterial): NetServer {
  if (server instanceof TlsServer) {
    server.setSecureContext(material);
    return server;
  }
  const ALPNProtocols = protocolsOf(server) ?? material.ALPNProtocols;
  const front = createServer({ ...material, ...(ALPNProtocols && { ALPNProtocols }) }, (socket) => {
    server.emit('connection', socket);
  });
  // The owner of the plain server closes it without knowing of this one. The plain server's timeouts start when it
  // listens.
  server.once('close', () => front.close());
  front.on('listening', () => server.emit('listening'));
  if (servedBy(server) !== undefined) return serveInFront(front, server);
  if (!(server instanceof HttpServer)) return front;
  return Object.assign(front, { closeIdleConnections: () => server.closeIdleConnections() });
}

function protocolsOf(server: NetServer): string[] | undefined {
  if (server instanceof HttpServer || servedBy(server) !== undefined) return ['http/1.1'];
  // The class of HTTP/2 servers is not exported.
  return 'updateSettings' in server ? ['h2'] : undefined;
}
