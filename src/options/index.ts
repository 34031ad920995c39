export { parseCommandLine, type CommandLine } from './command-line.ts';
export { loadConfig, type ConfigText, type LoadedConfig } from './config-file.ts';
export { nameOfDirectory, type NamedDirectory } from './launch/directory.ts';
export { helpText } from './help.ts';
export { isEcosystem } from './ecosystem.ts';
export {
  directoryOfConfig,
  envFilesOf,
  readLaunch,
  type Launch,
  type LaunchTerms,
  type Program,
} from './launch/launch.ts';
export { launchChanges, nameRefusal, type LaunchChanges } from './launch/launch-changes.ts';
export { resolveSettings } from './settings.ts';
export type { App, Config, LibraryOptions, Logger, Options, Settings, SpawnContext } from './types.ts';
