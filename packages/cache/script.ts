import { createHash } from 'node:crypto';
import type { Script } from './redis-connection.ts';

export function createScript(lua: string): Script {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/** Runs a script by its digest. Sends the text once to a server that does not know it. */
export async function runScript(
  send: (...parts: readonly string[]) => Promise<unknown>,
  script: Script,
  keys: readonly string[],
  values: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...values];
  try {
    return await send('EVALSHA', script.sha1, ...rest);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('NOSCRIPT'))) throw error;
    return send('EVAL', script.lua, ...rest);
  }
}
