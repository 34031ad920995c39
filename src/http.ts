/** `prefork/http`: the HTTP/1.1 server. */
export type { Body } from './http/body.ts';
export type { Content } from './http/content.ts';
export type { Context } from './http/context.ts';
export { HttpError, MisuseError, type MisuseCode } from './http/errors.ts';
export type { FetchEnvironment, FetchFunction } from './http/fetch.ts';
export type { Fields } from './http/fields.ts';
export type { FileOptions } from './http/file.ts';
export type { FilePart, MultipartLimits } from './http/multipart.ts';
export type { ConnState, Handler, HttpLogger, RequestLimits } from './http/hooks.ts';
export type { PieceSource } from './http/pieces.ts';
export type { Hijacked } from './http/response-sink.ts';
export { Server, type ServerOptions } from './http/server.ts';
export type { Settings } from './http/settings.ts';
export type { UpgradeRequest } from './http/upgrade-request.ts';
