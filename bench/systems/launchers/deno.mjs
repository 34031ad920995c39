//   deno serve --parallel deno.mjs, with the application's name in BENCH_APP
import { handlers } from './fetch.mjs';

export default { fetch: handlers[Deno.env.get('BENCH_APP')] };
