import { LightRequestConstructor } from './light-request.ts';
import { LightResponse } from './light-response.ts';

/** Idempotent. Both are instances of the originals, and take theirs. */
export function installLightGlobals(): void {
  globalThis.Response = LightResponse as unknown as typeof Response;
  globalThis.Request = LightRequestConstructor;
}
