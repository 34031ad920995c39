// node --test: five reloads under load, and not one request is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoLostRequests } from 'prefork/testing';

test('a deploy loses no request', async () => {
  const report = await assertNoLostRequests({
    entry: `${import.meta.dirname}/server.js`,
    options: ['--workers', '2'],
    requests: [{ path: '/hello', status: 200, check: ({ body }) => assert.match(body.toString(), /^Hello/) }],
    during: async (app) => {
      for (let reloads = 0; reloads < 5; reloads++) await app.reload();
    },
  });
  console.log(`${report.answered} requests answered, the slowest in ${Math.round(report.latency.max)} ms`);
});
