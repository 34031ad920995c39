/**
 * Writes what Node has compiled so far, for the workers that boot after this one. Node itself writes it only when a process
 * ends. It costs about 50 ms for 2,000 modules, and less than a millisecond when nothing is new.
 */
export function saveCompileCache(): void {
  // The types are those of Node 20, which has no such function.
  const { flushCompileCache } = process.getBuiltinModule('node:module') as { flushCompileCache?: () => void };
  flushCompileCache?.();
}
