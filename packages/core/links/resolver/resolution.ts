import type { RedirectStatus } from '../link.ts';
import type { Visitor } from '../visitor.ts';

/** What a visitor of a short code is told. */
export type Resolution = Redirect | { readonly kind: 'unknown' | 'deleted' | 'expired' | 'blocked' };

export interface Redirect {
  readonly kind: 'redirect';
  readonly location: string;
  readonly status: RedirectStatus;
}

/** Decides by the visitor. No I/O and no promise; it answers with what was made when it was prepared. */
export type Rule = (visitor: Visitor) => Resolution;
