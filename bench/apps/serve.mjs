/**
 * What every application here shares: it listens where PORT says and ends as the documentation of PM2, throng, Watt and
 * the rest asks of an application: on SIGINT and SIGTERM the server stops accepting, finishes what is in flight and
 * leaves. Returned is the `close` that Watt calls instead of a signal, since its workers are threads.
 */
export function serve(server) {
  server.listen(Number(process.env.PORT), '127.0.0.1');
  const close = () => new Promise((closed) => server.close(closed));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await close();
      process.exit();
    });
  }
  return close;
}
