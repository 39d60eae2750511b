import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const BYTES = 16;
const IDS_AT_ONCE = 256;

/**
 * Makes ids of visits: UUIDv7 (RFC 9562), for a time in milliseconds since the epoch. Asking for randomness costs as much
 * for many ids as for one.
 */
export function createVisitIds(): (timestamp: number) => string {
  const pool = new Uint8Array(BYTES * IDS_AT_ONCE);
  let used = pool.length;
  return (timestamp) => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.subarray(used, used + BYTES);
    used += BYTES;
    return uuidv7({ msecs: timestamp, random });
  };
}
