import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import type { SampleRequest } from './samples.ts';
import { shares } from './shares.ts';

/** The load where `wrk` is missing: reads what to send from the file that it is given, and prints what came of it. */
interface Orders {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: readonly SampleRequest[];
}

// Written by `load.ts`, which is of the same build.
const { url, connections, seconds, requests } = JSON.parse(
  readFileSync(process.argv[2] ?? '', 'utf8'),
) as Orders;
// Given to autocannon as a whole, all requests would be built again for each connection, which takes longer than the load.
const perConnection = shares(requests, connections);
// Its own count of seconds has this building in it.
let begin = 0;
const result = await autocannon({
  url,
  connections,
  duration: seconds,
  setupClient: (client) => {
    client.setRequests(perConnection.pop() ?? []);
    begin = performance.now();
  },
});
process.stdout.write(
  `${JSON.stringify({
    completed: result['2xx'] + result['3xx'],
    seconds: (performance.now() - begin) / 1000,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    p999Ms: result.latency.p99_9,
    refused: result['4xx'] + result['5xx'],
    broken: result.errors + result.timeouts,
  })}\n`,
);
