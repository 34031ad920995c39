/** A class whose instances have a real one, which is made at the first touch that needs it. */
interface Light<Real> {
  readonly prototype: { readonly original: Real };
}

/** The constructor for which it stands in. */
interface Platform<Real> {
  readonly prototype: Real;
}

/**
 * Makes a class stand in for one of the platform. Its instances are instances of that one too. The real one answers for
 * whatever the class itself has not, so that additions of a later Node work as well.
 */
export function standIn<Real extends object>(light: Light<Real>, platform: Platform<Real>): void {
  const { prototype } = light;
  for (const [key, theirs] of entriesOf(platform.prototype)) {
    if (key === 'constructor') continue;
    const ours = Object.getOwnPropertyDescriptor(prototype, key);
    // The members are enumerable as in the standard, where `for (const name in request)` finds them.
    if (ours !== undefined) Object.defineProperty(prototype, key, { ...ours, enumerable: theirs.enumerable ?? false });
    else if (theirs.get !== undefined || typeof theirs.value === 'function') delegate(prototype, key, theirs);
  }
  Reflect.deleteProperty(prototype, 'constructor');
  Object.setPrototypeOf(prototype, platform.prototype);
}

/** Makes `to` equal to `from`, which another object shows, and which may have changed since. */
export function mirror(from: Headers, to: Headers): void {
  const before = Array.from(to.keys());
  for (const name of before) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}

function entriesOf(object: object): Array<[string | symbol, PropertyDescriptor]> {
  return Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)!]);
}

function delegate(prototype: object, key: string | symbol, theirs: PropertyDescriptor): void {
  type Self = { readonly original: object };
  const { enumerable = false } = theirs;
  if (typeof theirs.value !== 'function') {
    const getter = function (this: Self): unknown {
      return Reflect.get(this.original, key);
    };
    Object.defineProperty(prototype, key, { get: getter, enumerable, configurable: true });
    return;
  }
  const method = function (this: Self, ...args: unknown[]): unknown {
    return Reflect.apply(theirs.value as (...args: unknown[]) => unknown, this.original, args);
  };
  Object.defineProperty(prototype, key, { value: method, enumerable, configurable: true, writable: true });
}
