/** `prefork/http`: the HTTP/1.1 server. */
export type { Body } from './http/body.ts';
export type { Content, Context, Hijacked } from './http/context.ts';
export { HttpError, MisuseError, type MisuseCode } from './http/errors.ts';
export type { FetchEnvironment, FetchFunction } from './http/fetch.ts';
export type { Fields } from './http/fields.ts';
export type { FileOptions } from './http/file.ts';
export type { FilePart, MultipartLimits } from './http/multipart.ts';
export type { ConnState, RequestLimits } from './http/host.ts';
export type { Handler, HttpLogger } from './http/hub.ts';
export { Server, type ServerOptions } from './http/server.ts';
export type { Settings } from './http/settings.ts';
export type { UpgradeRequest } from './http/upgrade-request.ts';
