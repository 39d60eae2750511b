import { expect, test } from 'vitest';
import { linesOf, parseLines } from '../visit-lines.ts';
import { createMessageBytesWriter } from './message-bytes.ts';

const record = (value: unknown) => JSON.stringify({ value });
const parse = (body: Buffer): unknown => parseLines(body.toString());
const line = (value: unknown) => linesOf([record(value)]);

test('builds one message after another, from several additions', () => {
  const bytes = createMessageBytesWriter();
  bytes.add(linesOf([record('a'), record('ü \u{1F517} \n "x"')]));
  bytes.add(line(3));
  expect(parse(bytes.complete().body)).toEqual([
    { value: 'a' },
    { value: 'ü \u{1F517} \n "x"' },
    { value: 3 },
  ]);
  bytes.add(line(4));
  expect(parse(bytes.complete().body)).toEqual([{ value: 4 }]);
});

test('returns the bytes of the added lines', () => {
  const bytes = createMessageBytesWriter();
  const added = ['1\n2\n', '3\n'].map((lines) => Buffer.from(bytes.add(lines)).toString());
  expect(added).toEqual(['1\n2\n', '3\n']);
});

test('has room for a bounded message, and for any text when it is empty', () => {
  const bytes = createMessageBytesWriter();
  const long = `${JSON.stringify('ü'.repeat(300_000))}\n`;
  expect(bytes.hasRoomFor(long)).toBe(true);
  bytes.add('1\n');
  expect(bytes.hasRoomFor('2\n')).toBe(true);
  expect(bytes.hasRoomFor(long)).toBe(false);
  bytes.complete();
  bytes.add(long);
  expect(bytes.hasRoomFor('2\n')).toBe(false);
  expect(parse(bytes.complete().body)).toEqual(['ü'.repeat(300_000)]);
  bytes.add('1\n');
  expect(parse(bytes.complete().body)).toEqual([1]);
});

test('leaves a message as it is until it is released, also when others follow', () => {
  const bytes = createMessageBytesWriter();
  const value = (index: number) => `${index}`.repeat(90_000);
  const build = (index: number) => {
    bytes.add(`${JSON.stringify(value(index))}\n`);
    return bytes.complete();
  };
  const [first, ...others] = [1, 2, 3].map(build);
  for (const { release } of others) release();
  const later = [4, 5, 6].map(build);
  expect([first, ...later].map((message) => message && parse(message.body))).toEqual(
    [1, 4, 5, 6].map((index) => [value(index)]),
  );
});
