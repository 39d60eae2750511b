/** What the redirect knows of a visitor. */
export interface Visitor {
  /** Already reduced to what may be kept. */
  readonly ip: string | null;
  readonly userAgent: string | undefined;
  readonly referrer: string | undefined;
  /** ISO 3166-1 alpha-2, as told by the edge. */
  readonly country: string | null;
}
