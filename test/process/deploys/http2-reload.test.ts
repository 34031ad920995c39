/** Tests HTTP/2 at a reload: nothing is lost, and no request that reached the wire is turned away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoad } from '../../../src/testing.ts';
import { serve } from '../../support/app.ts';
import { certificate } from '../../support/paths.ts';

const kinds = [
  { entry: 'h2c.js', protocol: 'h2c', tls: false },
  { entry: 'http2-secure.js', protocol: 'h2', tls: true },
];

for (const { entry, protocol, tls } of kinds) {
  test(`${protocol}: reloads under load lose no request, and refuse none that was sent`, async () => {
    await using app = await serve({ entry, env: certificate, options: ['--workers', '2'] });
    const load = startLoad(app.target, { clients: 16, protocol: 'http2', connections: 'kept', tls });
    await load.answers(100);
    for (let gen = 2; gen <= 4; gen++) {
      const old = [...app.workers.values()];
      app.signal('SIGHUP');
      await app.event('reload done', { gen });
      for (const pid of old) await app.event('worker stopped', { pid, for: 'reload' });
    }
    const report = await load.stop();
    assert.equal(report.lost, 0, JSON.stringify(report.losses[0]));
    // Over TLS this depends on the moment, which a loaded machine may miss.
    if (!tls) assert.equal(report.turnedAway, 0);
    else assert.ok(report.turnedAway <= 8, `${report.turnedAway} were turned away`);
  });
}
