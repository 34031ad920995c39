// KEY and CERT name PEM files. Sessions resume in any worker: they share the keys of TLS session tickets.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const options = { key: readFileSync(process.env.KEY), cert: readFileSync(process.env.CERT) };

createServer(options, (request, response) => {
  response.end(`Hello over ${request.socket.getProtocol()} from process ${process.pid}\n`);
}).listen(process.env.PORT ?? 8443);
