/** The message of an error, followed by those of its causes. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message || error.name;
  return error.cause instanceof Error ? `${message.replace(/\.$/, '')}: ${errorText(error.cause)}` : message;
}
