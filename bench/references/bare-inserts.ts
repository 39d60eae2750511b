import postgres from 'postgres';
import { codeOf, URLS } from '../data/samples.ts';

/**
 * Inserts links for some seconds and prints how many a second: the driver, the pool and the number of links under way
 * are those of the function, and there is nothing else. The URL of the database and the seconds come as arguments.
 */
const [, , url = '', seconds = '1'] = process.argv;
const POOL_SIZE = 5;
const UNDER_WAY = 32;

const sql = postgres(url, { max: POOL_SIZE, onnotice: () => undefined });
await sql`drop table if exists urls_bare`;
await sql`create table urls_bare (like links including all) with (fillfactor = 80)`;
const begin = performance.now();
const end = begin + Number(seconds) * 1000;
let links = 0;

async function insertUntilTheEnd(): Promise<void> {
  while (performance.now() < end) {
    const link = links++;
    await sql`
      insert into urls_bare (short_code, original_url, created_at, updated_at)
      values (${codeOf(link)}, ${URLS[link % URLS.length] ?? ''}, now(), now())
      on conflict (short_code) do nothing returning *`;
  }
}

await Promise.all(Array.from({ length: UNDER_WAY }, insertUntilTheEnd));
process.stdout.write(`${(links / (performance.now() - begin)) * 1000}\n`);
await sql.end();
