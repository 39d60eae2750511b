import { connect } from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const FINAL_STATUS = /HTTP\/1\.1 [2-5]\d\d /;
const QUIET_MS = 50;

/** Sends raw bytes, and reads until the server closes the connection or falls silent after an answer. */
export async function sendRaw(port: number, bytes: string, patienceMs = 10_000): Promise<RawResponse[]> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (FINAL_STATUS.test(chunk.toString('latin1'))) socket.setTimeout(QUIET_MS);
  });
  await new Promise((resolve) => {
    socket.once('close', resolve);
  });
  return parse(Buffer.concat(chunks).toString('latin1'));
}

function parse(text: string): RawResponse[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter(Boolean)
    .map((answer) => {
      const end = answer.indexOf('\r\n\r\n');
      const [statusLine = '', ...lines] = answer.slice(0, end).split('\r\n');
      const headers = lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      });
      return {
        status: Number(statusLine.split(' ')[1]),
        headers: new Map(headers),
        body: answer.slice(end + 4),
      };
    });
}
