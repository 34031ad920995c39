export { parseCommandLine, type CommandLine } from './command-line.ts';
export { loadConfig, type LoadedConfig } from './config-file.ts';
export { resolveEntry } from './entry.ts';
export { helpText } from './help.ts';
export { resolveSettings } from './settings.ts';
export type { App, Config, LibraryOptions, Logger, Options, Settings, SpawnContext } from './types.ts';
