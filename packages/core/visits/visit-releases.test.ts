import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from '@terse/platform/zod';
import { createMessageBytesWriter } from './publisher/message-bytes.ts';
import { linesOf, splitLines } from './visit-lines.ts';
import { readVisitMessage } from './visit-message.ts';
import { type CompleteVisit, encodeVisit, type Visit } from './visit.ts';

/**
 * The visits that each release writes, in a file that never changes, and the schema that each release reads with. A
 * release that changes messages adds both (CONTRIBUTING, "Change a message").
 */
const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
const recordsOf = (name: string) => splitLines(fixture(name));
const VISITS = JSON.parse(fixture('visits.json')) as Visit[];
/** The same visits, with values for fields that later releases added. */
const COMPLETE: readonly CompleteVisit[] = VISITS;

const BY_THIS_RELEASE = 'visits-0.1.0.ndjson';
const BY_OTHERS = ['visits-before-versions.ndjson', 'visits-with-more-fields.ndjson'];

const READERS = {
  '0.1.0': z.object({
    v: z.literal(1).optional(),
    id: z.string(),
    short_code: z.string(),
    ip: z.string().nullable(),
    timestamp: z.number(),
    user_agent: z.string().nullable(),
    referrer: z.string().nullable(),
    country: z.string().nullable(),
    is_bot: z.boolean(),
  }),
};

const written = () => COMPLETE.map((visit) => encodeVisit(visit, JSON.stringify(visit.user_agent)));

/** The forms in which a record arrives: published, restored from a journal, or from a foreign publisher. */
const WAYS: Readonly<Record<string, (records: readonly string[]) => string>> = {
  'as a message': (records) => {
    const bytes = createMessageBytesWriter();
    bytes.add(linesOf(records));
    return bytes.complete().body.toString();
  },
  'from a journal': (records) => linesOf(splitLines(linesOf(records))),
  'as an array': (records) => `[${records.join(',')}]`,
};

test.each([BY_THIS_RELEASE, ...BY_OTHERS].flatMap((name) => Object.keys(WAYS).map((way) => [name, way])))(
  'reads %s %s',
  (name = '', way = '') => {
    const { visits, rejects, isNewer } = readVisitMessage({ body: WAYS[way]?.(recordsOf(name)) ?? '' });
    expect(visits).toMatchObject(VISITS);
    expect({ rejects, isNewer }).toEqual({ rejects: [], isNewer: false });
  },
);

test('leaves a version that it cannot read to a later release, and reads the visits beside it', () => {
  const newer = recordsOf('visits-of-version-2.ndjson');
  for (const write of Object.values(WAYS)) {
    expect(readVisitMessage({ body: write(newer) })).toEqual({ visits: [], rejects: [], isNewer: true });
    const mixed = readVisitMessage({ body: write([...newer, ...recordsOf('visits-0.1.0.ndjson')]) });
    expect(mixed).toMatchObject({ visits: VISITS, rejects: [], isNewer: true });
  }
});

test.each(Object.entries(READERS))('writes what release %s reads', (_release, reader) => {
  expect(written().map((record) => reader.parse(JSON.parse(record)))).toEqual(
    COMPLETE.map((visit) => reader.parse(Object.assign({ v: 1 }, visit))),
  );
});

test('writes the fixtures of its release: another form needs another file', () => {
  expect(written()).toEqual(recordsOf(BY_THIS_RELEASE));
});
