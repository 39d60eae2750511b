/** What was to be stored is refused for what it is: the same content will be refused again. */
export class ContentRefusedError extends Error {
  override readonly name = 'ContentRefusedError';
}
