import { readFile } from 'node:fs/promises';
import { Server as HttpServer } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { createServer, Server as TlsServer, type TlsOptions } from 'node:tls';
import { serveInFront, servedBy } from './http/server/served.ts';

/** Certificate chain and private key as files, PEM. */
export interface TlsFiles {
  readonly keyFile: string;
  readonly certFile: string;
}

/** Certificate chain and private key, PEM; everything else that `tls.createServer` takes may stand beside them. */
export type TlsMaterial = TlsOptions & Required<Pick<TlsOptions, 'key' | 'cert'>>;

export async function readTlsFiles({ keyFile, certFile }: TlsFiles): Promise<TlsMaterial> {
  const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)]);
  return { key, cert };
}

/**
 * A server that speaks TLS and gives what it decrypts to the one given, as if that had accepted it: `http.Server`'s
 * documentation allows to emit 'connection' with any duplex stream. One that speaks TLS by itself gets the key.
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
  // Who holds the plain server closes it, not knowing of this one; and its timeouts start when it listens.
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
