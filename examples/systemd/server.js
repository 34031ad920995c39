/** Listens where its unit says: a port, a path, or the name of a socket that systemd opened. */
import { createServer } from 'node:http';

const server = createServer((request, response) => response.end(`Hello from ${process.pid}\n`));
server.listen(process.env.LISTEN ?? process.env.PORT ?? 8080);
