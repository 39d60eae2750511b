export interface StoredApiKey {
  readonly keyHash: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

/** API keys, known by their hashes only. A revoked key stays as a deleted row. */
export interface ApiKeyRepository {
  create(keyHash: string, name: string): Promise<void>;
  /** Whether an active key has this hash. */
  exists(keyHash: string): Promise<boolean>;
  /** Whether there never was a key. */
  isEmpty(): Promise<boolean>;
  /** Whether there is an active key. */
  hasActive(): Promise<boolean>;
  /** All keys, newest first. */
  list(): Promise<StoredApiKey[]>;
  /** Revokes an active key. Resolves with the time of it; `undefined` when there is no such active key. */
  revoke(keyHash: string): Promise<Date | undefined>;
}
