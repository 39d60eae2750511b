import { expect, test } from 'vitest';
import { joinRecords } from '../joined-records.ts';
import { createMessageBuilder } from './message-bytes.ts';

const record = (value: unknown) => JSON.stringify({ value });
const parse = (body: Buffer): unknown => JSON.parse(body.toString());

test('builds one array after another, from what is added at once and what follows', () => {
  const builder = createMessageBuilder();
  builder.add(joinRecords([record('a'), record('ü \u{1F517} \n "x"')]));
  builder.add(record(3));
  expect(parse(builder.complete().body)).toEqual([
    { value: 'a' },
    { value: 'ü \u{1F517} \n "x"' },
    { value: 3 },
  ]);
  builder.add(record(4));
  expect(parse(builder.complete().body)).toEqual([{ value: 4 }]);
});

test('shows the bytes of what was added, on lines of their own', () => {
  const builder = createMessageBuilder();
  const lines = [joinRecords(['1', '2']), '3'].map((joined) => Buffer.from(builder.add(joined)).toString());
  expect(lines).toEqual(['\n1,\n2', '\n3']);
});

test('has room for a bounded message, and for anything when it is empty', () => {
  const builder = createMessageBuilder();
  const long = JSON.stringify('ü'.repeat(300_000));
  expect(builder.hasRoomFor(long)).toBe(true);
  builder.add('1');
  expect(builder.hasRoomFor('2')).toBe(true);
  expect(builder.hasRoomFor(long)).toBe(false);
  builder.complete();
  builder.add(long);
  expect(builder.hasRoomFor('2')).toBe(false);
  expect(parse(builder.complete().body)).toEqual(['ü'.repeat(300_000)]);
  builder.add('1');
  expect(parse(builder.complete().body)).toEqual([1]);
});

test('leaves a message as it is until its memory is given back, however many follow', () => {
  const builder = createMessageBuilder();
  const value = (index: number) => `${index}`.repeat(90_000);
  const build = (index: number) => {
    builder.add(JSON.stringify(value(index)));
    return builder.complete();
  };
  const [first, ...others] = [1, 2, 3].map(build);
  for (const { release } of others) release();
  const later = [4, 5, 6].map(build);
  expect([first, ...later].map((message) => message && parse(message.body))).toEqual(
    [1, 4, 5, 6].map((index) => [value(index)]),
  );
});
