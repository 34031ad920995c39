/**
 * SIGUSR1 opens Node's inspector, on the same port in every process. There are several workers, so each gets a free port
 * instead, unless the user has chosen the inspector's port.
 */
export function inspectOnAnyPort(): void {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  if (!flags.some((flag) => /--(?:inspect|debug-port)/.test(flag))) process.debugPort = 0;
}
