import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** A response whose body is taken for what it says it is, and nothing else. One without a body pays nothing. */
export class SafeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override writeHead(status: number, message?: string, headers?: Headers): this;
  override writeHead(status: number, headers?: Headers): this;
  override writeHead(status: number, first?: string | Headers, second?: Headers): this {
    if (typeof first === 'object' && !Array.isArray(first)) {
      if ('Content-Type' in first || 'content-type' in first) first['X-Content-Type-Options'] = 'nosniff';
    }
    // Node takes the headers in either place.
    return super.writeHead(status, first as string | undefined, second);
  }
}
