import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { describeApiKeyRepository } from './api-key-repository.contract.ts';
import { describeCountDifferenceRepository } from './count-difference-repository.contract.ts';
import { describeCounterRepository } from './counter-repository.contract.ts';
import type { OpenDatabase } from './open-database.ts';
import { describeRollupRepository } from './rollup-repository.contract.ts';
import { describeStats } from './stats.contract.ts';
import { emptyDatabase } from './test-database.ts';
import { describeLinkPages } from './link-pages.contract.ts';
import { describeLinkSearch } from './link-search.contract.ts';
import { describeLinkRepository } from './link-repository.contract.ts';
import { describeVisitRepository } from './visit-repository.contract.ts';

/**
 * What the repositories promise on every database; `open` gives a migrated one.
 * @returns that database, for further tests beside it.
 */
export function describeRepositories(open: () => Promise<OpenDatabase>): () => OpenDatabase {
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await open();
  });
  beforeEach(() => emptyDatabase(database.db));
  afterAll(() => database.close());

  const opened = () => database;
  describe('links', () => {
    describeLinkRepository(opened);
  });
  describe('pages of links', () => {
    describeLinkPages(opened);
  });
  describe('a search for links', () => {
    describeLinkSearch(opened);
  });
  describe('API keys', () => {
    describeApiKeyRepository(opened);
  });
  describe('visits', () => {
    describeVisitRepository(opened);
  });
  describe('rollups', () => {
    describeRollupRepository(opened);
  });
  describe('stats', () => {
    describeStats(opened);
  });
  describe('counts', () => {
    describeCounterRepository(opened);
  });
  describe('differences of counts', () => {
    describeCountDifferenceRepository(opened);
  });
  return opened;
}
