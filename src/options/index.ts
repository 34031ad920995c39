export { parseCommandLine, type CommandLine, type Flags } from './command-line.ts';
export { loadConfig, type LoadedConfig } from './config-file.ts';
export { resolveEntry } from './entry.ts';
export { helpText } from './help.ts';
export { optionsMarkdown } from './markdown.ts';
export { resolveSettings, type Sources } from './settings.ts';
export { optionTable } from './table.ts';
export type { Config, LibraryOptions, Logger, Options, Settings, SpawnContext, Time } from './types.ts';
