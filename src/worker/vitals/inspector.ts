/**
 * SIGUSR1 opens Node's inspector, on one and the same port in every process. Workers are several, so each gets a free one
 * instead, unless the inspector's port is the user's choice.
 */
export function inspectOnAnyPort(): void {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  if (!flags.some((flag) => /--(?:inspect|debug-port)/.test(flag))) process.debugPort = 0;
}
