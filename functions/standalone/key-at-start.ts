import type { ApiKeyService } from '@terse/core/access/api-key-service';

/** The API key that works once the process has started. */
export type KeyAtStart =
  /** Made just now, and shown only now. */
  | { readonly kind: 'made'; readonly key: string }
  /** One that was set, or made earlier. */
  | { readonly kind: 'known' }
  /** The database cannot tell. */
  | { readonly kind: 'unknown' }
  /** All keys were revoked. */
  | { readonly kind: 'none' };

/** Makes the first key when the database can be used and never had one. */
export async function keyAtStart(
  keys: Pick<ApiKeyService, 'makeFirst' | 'hasActive'>,
  hasDatabase: boolean,
): Promise<KeyAtStart> {
  if (!hasDatabase) return { kind: 'unknown' };
  const key = await keys.makeFirst();
  if (key !== undefined) return { kind: 'made', key };
  return { kind: (await keys.hasActive()) ? 'known' : 'none' };
}
