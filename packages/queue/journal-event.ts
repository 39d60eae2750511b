/** An event of a journal for the operator. */
export type JournalEvent =
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The contents of the folder are gone, and a new slot is needed. */
  | { readonly kind: 'folder lost'; readonly directory: string }
  /** Visits reach the disk again. */
  | { readonly kind: 'protects again'; readonly directory: string }
  /** `keptAs` is missing when the segment could not be renamed: the next process then tries it again. */
  | {
      readonly kind: 'segment unreadable';
      readonly path: string;
      readonly keptAs: string | undefined;
      readonly error: unknown;
    }
  | { readonly kind: 'records torn'; readonly path: string; readonly records: number };
