// KEY and CERT name PEM files. Clients that do not speak HTTP/2 get HTTP/1.1.
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';

const options = { key: readFileSync(process.env.KEY), cert: readFileSync(process.env.CERT), allowHTTP1: true };

createSecureServer(options, (request, response) => {
  response.end(`Hello over HTTP/${request.httpVersion} from process ${process.pid}\n`);
}).listen(process.env.PORT ?? 8443);
