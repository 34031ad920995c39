import type { HandoffHeader } from '../../ipc/messages.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { firstBytesOf, peerOf, putBack, setPeer } from '../node-internals/index.ts';

/** What a connection of a trusted proxy has beside its descriptor, and takes along to another worker. */
export type ProxiedPart = Pick<HandoffHeader, 'peer' | 'first'>;

export function proxiedPart(client: NativeClient): ProxiedPart {
  const [peer, first] = [peerOf(client), firstBytesOf(client)];
  return { ...(peer && { peer }), ...(first && { first: first.toString('base64') }) };
}

export function setProxiedPart(client: NativeClient, { peer, first }: ProxiedPart): void {
  if (peer !== undefined) setPeer(client, peer);
  if (first === undefined) return;
  const bytes = Buffer.from(first, 'base64');
  // The worker that handed the connection on has read them. Here they count as read all the same.
  putBack(client, bytes, -bytes.length);
}
