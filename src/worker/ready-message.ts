/**
 * Hears `process.send('ready')`, by which programs for PM2 say that they are ready. The message still goes to the primary.
 *
 * @returns a function that ends this. It also ends by itself at that message. Then nothing of it is in the way of others.
 */
export function onReadyMessage(ready: () => void): () => void {
  // eslint-disable-next-line typescript/unbound-method -- called with the process as `this`
  const original = process.send;
  if (original === undefined) return () => {};
  const send: typeof process.send = (...args: unknown[]) => {
    if (args[0] === 'ready') {
      end();
      ready();
    }
    return Reflect.apply(original, process, args) as boolean;
  };
  const end = (): void => {
    if (process.send === send) process.send = original;
  };
  process.send = send;
  return end;
}
