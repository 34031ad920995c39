import type { Handler } from './hub.ts';
/** `app.fetch`. */
export type FetchFunction = (request: Request) => Response | Promise<Response>;
export function fetchHandler(fetch: FetchFunction): Handler {
  return async (context) => {
    const response = await fetch(new Request(`http://${context.host}${context.url}`));
    context.status(response.status).end(Buffer.from(await response.arrayBuffer()));
  };
}
