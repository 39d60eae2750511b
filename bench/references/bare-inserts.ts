import postgres from 'postgres';
import { codeOf, URLS } from '../data/samples.ts';

/**
 * Inserts links for some seconds and prints the rate per second, with the driver, the pool and the concurrency of the
 * function and nothing else. The arguments are the URL of the database and the seconds.
 */
const [, , url = '', seconds = '1'] = process.argv;
const POOL_SIZE = 5;
const CONCURRENCY = 32;

const sql = postgres(url, { max: POOL_SIZE, onnotice: () => undefined });
await sql`drop table if exists links_bare`;
await sql`create table links_bare (like links including all) with (fillfactor = 80)`;
const begin = performance.now();
const end = begin + Number(seconds) * 1000;
let links = 0;

async function insertUntilTheEnd(): Promise<void> {
  while (performance.now() < end) {
    const link = links++;
    await sql`
      insert into links_bare (short_code, original_url, created_at, updated_at)
      values (${codeOf(link)}, ${URLS[link % URLS.length] ?? ''}, now(), now())
      on conflict (short_code) do nothing returning *`;
  }
}

await Promise.all(Array.from({ length: CONCURRENCY }, insertUntilTheEnd));
process.stdout.write(`${(links / (performance.now() - begin)) * 1000}\n`);
await sql.end();
