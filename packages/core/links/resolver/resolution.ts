import type { RedirectStatus } from '../link.ts';
import type { Visitor } from '../visitor.ts';

/** The answer to a visitor of a short code. */
export type Resolution = Redirect | { readonly kind: 'unknown' | 'deleted' | 'expired' | 'blocked' };

export interface Redirect {
  readonly kind: 'redirect';
  readonly location: string;
  readonly status: RedirectStatus;
}

/** Decides by the visitor, without I/O or promise. It returns a resolution that was made when the link was prepared. */
export type Rule = (visitor: Visitor) => Resolution;
