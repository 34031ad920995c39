// Opens connections, has one answer on each, says `held` and keeps them until its stdin ends: node hold.mjs <port> <count> <from address>
import { connect } from 'node:net';

const [port, count, from] = process.argv.slice(2);
const AT_ONCE = 64;
let begun = 0;
let answered = 0;

function next() {
  if (begun === Number(count)) return;
  begun++;
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: from });
  socket.on('error', (error) => {
    console.error(String(error));
    process.exit(1);
  });
  socket.once('data', () => {
    // It stays open: it is not read any more, and the loop has nothing of it to do.
    answered++;
    if (answered === Number(count)) console.log('held');
    else next();
  });
  socket.on('close', () => console.log('closed'));
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
}
for (let nth = 0; nth < AT_ONCE; nth++) next();
process.stdin.resume().on('end', () => process.exit());
