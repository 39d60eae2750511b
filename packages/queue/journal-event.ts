/** What a journal has to tell the operator. */
export type JournalEvent =
  | { readonly kind: 'failed'; readonly error: unknown }
  /** What was in the folder is gone, and a new one is needed. */
  | { readonly kind: 'folder lost'; readonly directory: string }
  /** Visits are on disk again, after they were not. */
  | { readonly kind: 'protects again'; readonly directory: string }
  /** `keptAs` is missing when it could not be renamed: then the next process tries it again. */
  | {
      readonly kind: 'segment unreadable';
      readonly path: string;
      readonly keptAs: string | undefined;
      readonly error: unknown;
    }
  | { readonly kind: 'records torn'; readonly path: string; readonly records: number };
