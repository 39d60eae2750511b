import { readConfig } from './settings/config.ts';
import { describe, expect, test } from 'vitest';
import { productionNotes } from './production-notes.ts';
import { MANIFESTS } from '../../functions/manifests.ts';

const notesOf = (settings: Record<string, string>) =>
  productionNotes(readConfig(MANIFESTS.standalone, settings));
const EMBEDDED = { NODE_ENV: 'production', EMBEDDED: 'accept' };
const REAL = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://localhost/terse',
  REDIS_URL: 'redis://localhost',
  RABBITMQ_URL: 'amqp://localhost',
};
const BASE_URL = 'https://go.example';

describe('in production', () => {
  test('on embedded backing services, says what they do not give', () => {
    expect(notesOf({ ...EMBEDDED, BASE_URL })).toEqual([
      'EMBEDDED=accept: one process on one machine. No second one shares the load or takes over.',
      'In memory only: cache, counter, queue; the journal of visits outlives a crash.',
    ]);
  });

  test('on a real database, says what lies in memory', () => {
    const { DATABASE_URL, RABBITMQ_URL } = REAL;
    expect(notesOf({ ...EMBEDDED, DATABASE_URL, RABBITMQ_URL, BASE_URL })).toContain(
      'In memory only: cache, counter; the journal of visits outlives a crash.',
    );
  });

  test('without a journal, says what a crash loses', () => {
    expect(notesOf({ ...EMBEDDED, BASE_URL, JOURNAL_DIR: 'none' })).toContain(
      'In memory only: cache, counter, queue; JOURNAL_DIR=none, so a crash loses visits that are not stored yet.',
    );
  });

  test('at an address that only this machine knows, names the setting', () => {
    expect(notesOf({ ...REAL, HOST: '0.0.0.0' })).toEqual([
      'Short URLs begin with http://localhost:8080. Set BASE_URL to the address that visitors use.',
    ]);
  });

  test('on real backing services at a public address, says nothing', () => {
    expect(notesOf({ ...REAL, BASE_URL })).toEqual([]);
  });
});

test('during development, says nothing', () => {
  expect(notesOf({})).toEqual([]);
});
