/** `prefork/http`: the HTTP/1.1 server. */
export type { Body } from './http/message/body.ts';
export type { Content } from './http/message/content.ts';
export type { Context } from './http/message/context.ts';
export { HttpError, MisuseError, type MisuseCode } from './http/protocol/errors.ts';
export type { FetchEnvironment, FetchFunction } from './http/fetch/fetch.ts';
export type { Fields } from './http/protocol/fields.ts';
export type { FileOptions } from './http/message/file.ts';
export type { ForwardedField } from './http/message/forwarded.ts';
export type { FilePart, MultipartLimits } from './http/message/multipart.ts';
export type { FormLimits } from './http/message/pairs.ts';
export type { ConnState, Handler, HttpLogger, RequestLimits } from './http/message/hooks.ts';
export type { PieceSource } from './http/message/pieces.ts';
export type { Hijacked } from './http/message/response-sink.ts';
export { Server, type ServerOptions } from './http/server/server.ts';
export type { Settings } from './http/server/settings.ts';
export type { UpgradeRequest } from './http/message/upgrade-request.ts';
