/**
 * A client that sends bytes as it is told, to act as the original programs do, headers and all, and to send what `fetch`
 * would not. One connection, requests one after another.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';

export interface Wire {
  /** Sends, and reads one answer. Rejects when the connection ends before it. */
  send(bytes: string | Buffer): Promise<WireAnswer>;
  close(): void;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export async function openWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const bytes: AsyncIterator<Buffer, undefined> = socket[Symbol.asyncIterator]();
  let buffered = Buffer.alloc(0);

  async function more(): Promise<void> {
    const { value } = await bytes.next();
    assert(value !== undefined, 'the connection ended before the answer');
    buffered = Buffer.concat([buffered, value]);
  }

  async function take(length: number): Promise<string> {
    while (buffered.length < length) await more();
    const taken = buffered.subarray(0, length).toString('utf8');
    buffered = buffered.subarray(length);
    return taken;
  }

  return {
    async send(request) {
      socket.write(request);
      while (!buffered.includes('\r\n\r\n')) await more();
      const [statusLine = '', ...lines] = (await take(buffered.indexOf('\r\n\r\n') + 4)).trimEnd().split('\r\n');
      const headers = new Map(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      const body = await take(Number(headers.get('content-length')));
      return { status: Number(statusLine.split(' ')[1]), headers, body };
    },
    close() {
      socket.destroy();
    },
  };
}

/** As reqwest writes it: header names in lower case, no user agent. */
export function reqwest(method: string, path: string, json?: unknown): string {
  const head = [
    `${method} ${path} HTTP/1.1`,
    ...(json === undefined ? [] : ['content-type: application/json']),
    'accept: */*',
    'host: registry:8081',
  ];
  const body = json === undefined ? '' : JSON.stringify(json);
  if (json !== undefined || method === 'POST') head.push(`content-length: ${Buffer.byteLength(body)}`);
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** As Python's requests writes it with `json=`. */
export function pythonRequests(method: string, path: string, json?: unknown): string {
  const body = json === undefined ? '' : JSON.stringify(json);
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: registry:8081',
    'User-Agent: python-requests/2.32.3',
    'Accept-Encoding: gzip, deflate',
    'Accept: */*',
    'Connection: keep-alive',
    ...(json === undefined ? [] : ['Content-Type: application/json']),
    ...(method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
