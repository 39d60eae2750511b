import type { ApiKeyService } from '@terse/core/access/api-key-service';

/** With what the API can be called once the process has started. */
export type KeyAtStart =
  /** Made just now; never to be seen again. */
  | { readonly kind: 'made'; readonly key: string }
  /** One that was set, or made earlier. */
  | { readonly kind: 'known' }
  /** The database cannot tell. */
  | { readonly kind: 'unknown' }
  /** All keys were revoked. */
  | { readonly kind: 'none' };

/** Makes the first key where there never was one, and a database to keep it. */
export async function keyAtStart(
  keys: Pick<ApiKeyService, 'makeFirst' | 'hasActive'>,
  hasDatabase: boolean,
): Promise<KeyAtStart> {
  if (!hasDatabase) return { kind: 'unknown' };
  const key = await keys.makeFirst();
  if (key !== undefined) return { kind: 'made', key };
  return { kind: (await keys.hasActive()) ? 'known' : 'none' };
}
