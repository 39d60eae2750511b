import type { Suite } from './suite.ts';
import { cost } from './suites/cost.ts';
import { create } from './suites/create.ts';
import { flush } from './suites/flush.ts';
import { growth } from './suites/growth.ts';
import { list } from './suites/list.ts';
import { redirectHot } from './suites/redirect-hot.ts';
import { redirectMiss } from './suites/redirect-miss.ts';
import { redirectWarm } from './suites/redirect-warm.ts';
import { stampedeSuite } from './suites/stampede.ts';
import { standalone } from './suites/standalone.ts';
import { start } from './suites/start.ts';
import { stats } from './suites/stats.ts';
import { writer } from './suites/writer.ts';

/** In the order in which they run. */
export const SUITES: readonly Suite[] = [
  standalone,
  redirectHot,
  redirectWarm,
  redirectMiss,
  stampedeSuite,
  writer,
  flush,
  stats,
  create,
  list,
  start,
  cost,
  growth,
];
