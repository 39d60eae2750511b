import { type RawBuilder, sql } from 'kysely';
import type { TimestampService } from './timestamps.ts';
import type { Visibility } from '@terse/core/links/ports';

export interface SoftDeleteService {
  /** The condition for "not deleted", or for its opposite. */
  visible(visibility: Visibility): RawBuilder<boolean>;
  /** What to set to delete a row. */
  deletion(): { deleted_at: Date; updated_at: Date };
  /** What to set to bring a row back. */
  restoration(): { deleted_at: null; updated_at: Date };
}

export function createSoftDeleteService(timestamps: TimestampService): SoftDeleteService {
  return {
    visible: (visibility) => {
      if (visibility === 'all') return sql<boolean>`true`;
      return visibility === 'active'
        ? sql<boolean>`deleted_at is null`
        : sql<boolean>`deleted_at is not null`;
    },
    deletion: () => {
      const { updated_at } = timestamps.updated();
      return { deleted_at: updated_at, updated_at };
    },
    restoration: () => ({ deleted_at: null, ...timestamps.updated() }),
  };
}
