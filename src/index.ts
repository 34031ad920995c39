/** `prefork`: the library. */
export { PreforkError, type PreforkErrorCode } from './errors.ts';
export { Prefork, prefork, type PreforkOptions, type Servable } from './prefork.ts';
export type { Config, LibraryOptions, Logger, Options, SpawnContext } from './options/index.ts';
export type { FetchHandler } from './fetch-handler.ts';
export type { TlsFiles, TlsMaterial } from './tls.ts';
export type { DiagnosticsChannels } from './primary/telemetry/channel-messages.ts';
export { isChild } from './worker.ts';
