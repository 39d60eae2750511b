import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** A response that sends `X-Content-Type-Options: nosniff` with every body. */
export class SafeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override writeHead(status: number, message?: string, headers?: Headers): this;
  override writeHead(status: number, headers?: Headers): this;
  override writeHead(status: number, first?: string | Headers, second?: Headers): this {
    if (typeof first === 'object' && !Array.isArray(first)) {
      if ('Content-Type' in first || 'content-type' in first) first['X-Content-Type-Options'] = 'nosniff';
    }
    // Node accepts headers as second or third argument.
    return super.writeHead(status, first as string | undefined, second);
  }
}
