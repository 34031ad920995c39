/**
 * Keeps a handle open while it is being written to another process. libuv holds a plain pointer to the handle until the kernel has
 * taken the message. Node frees the memory of a handle that is closed, and the receiver would get what took its place.
 */

/** A native handle of Node's, as its owner closes it. */
interface Closable {
  close(callback?: () => void): void;
}

interface Held {
  /** Writes that have not ended. */
  writes: number;
  /** What the owner's calls of `close` had as their callbacks, once there was one. */
  closes: Array<(() => void) | undefined> | undefined;
  /** The handle's own `close`, where there is one in front of its class's. */
  readonly own: PropertyDescriptor | undefined;
}

const heldHandles = new WeakMap<object, Held>();

/**
 * Keeps a handle from being closed. Its owner's `close` takes effect when the last of its writes has ended.
 *
 * @returns the end of this write, to be called once
 */
export function holdHandle(handle: object): () => void {
  const closable = handle as Closable;
  const held = heldHandles.get(handle) ?? hold(closable);
  held.writes++;
  return () => {
    held.writes--;
    if (held.writes === 0) letGo(closable, held);
  };
}

function hold(handle: Closable): Held {
  const held: Held = { writes: 0, closes: undefined, own: Object.getOwnPropertyDescriptor(handle, 'close') };
  heldHandles.set(handle, held);
  handle.close = (callback) => void (held.closes ??= []).push(callback);
  return held;
}

function letGo(handle: Closable, { own, closes }: Held): void {
  heldHandles.delete(handle);
  if (own === undefined) delete (handle as Partial<Closable>).close;
  else Object.defineProperty(handle, 'close', own);
  if (closes === undefined) return;
  handle.close(() => {
    for (const callback of closes) callback?.();
  });
}
