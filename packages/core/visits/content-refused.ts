/** The store refuses the content itself, and will refuse the same content again. */
export class ContentRefusedError extends Error {
  override readonly name = 'ContentRefusedError';
}
