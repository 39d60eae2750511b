import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BackupReader } from './backup-reader.ts';

async function* inChunks(text: string, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

async function textOf(rows: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of rows) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const row = fc
  .array(fc.constantFrom('\\\\', '\\N', '\\n', '.', 'a', '\t', '{"rows":{}}'), { maxLength: 6 })
  .map((parts) => parts.join(''));

test('finds the end of the rows wherever the text is cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(row, { maxLength: 5 }), { maxLength: 4 }),
      fc.array(fc.nat(9), { maxLength: 200 }),
      async (tables, sizes) => {
        const texts = tables.map((rows) => rows.map((each) => `${each}\n`).join(''));
        const all = texts.map((text, index) => `table ${index}\n${text}\\.\n`).join('');
        const reader = new BackupReader(inChunks(`${all}end\n`, sizes));
        for (const [index, text] of texts.entries()) {
          expect(await reader.line()).toBe(`table ${index}`);
          expect(await textOf(reader.rows())).toBe(text);
        }
        expect(await reader.line()).toBe('end');
        await reader.end();
      },
    ),
  );
});

test('holds no more than a chunk, however long the rows are', async () => {
  const chunk = Buffer.from('x'.repeat(1023) + '\n');
  let given = 0;
  let taken = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (let index = 0; index < 1000; index++) {
      given += chunk.length;
      yield chunk;
    }
    yield Buffer.from('\\.\n');
  }
  for await (const rows of new BackupReader(endless()).rows()) {
    taken += rows.length;
    expect(given - taken).toBeLessThan(8);
  }
  expect(taken).toBe(1000 * chunk.length);
});

test.each(['', 'row', 'row\n', 'row\n\\.', '\\.', 'row\n\\.x\n'])(
  'rows without an end, %j, are refused',
  async (text) => {
    const reader = new BackupReader(inChunks(text, []));
    await expect(textOf(reader.rows())).rejects.toThrow('damaged');
  },
);
