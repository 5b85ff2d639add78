/**
 * Raw connections: bytes go out as they are, and what comes back is read as HTTP, answer by answer.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
}

export interface RawConnection {
  readonly socket: Socket;
  write(bytes: string | Buffer): void;
  /** The next answer; undefined when the connection ends without one. */
  answer(): Promise<RawAnswer | undefined>;
  /** Resolves when the other side has closed, or the connection was reset. */
  closed(): Promise<void>;
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  let received = Buffer.alloc(0);
  let ended = false;
  const wake = new Set<() => void>();
  const wakeAll = (): void => {
    for (const resume of wake) resume();
    wake.clear();
  };
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    wakeAll();
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').then(() => {
    ended = true;
    wakeAll();
  });
  await once(socket, 'connect');

  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    async answer() {
      for (;;) {
        const found = firstAnswer(received);
        if (found !== undefined) {
          received = received.subarray(found.length);
          return found.answer;
        }
        if (ended) return undefined;
        await new Promise<void>((resolve) => wake.add(resolve));
      }
    },
    closed: () => closed,
  };
}

/** Sends `bytes` on a connection of its own and reads one answer. */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<RawAnswer | undefined> {
  const connection = await openRaw(port);
  connection.write(bytes);
  const answer = await connection.answer();
  connection.socket.destroy();
  return answer;
}

/** A request in one piece, with its length unless the headers say otherwise. */
export function request(method: string, path: string, body: string | Buffer = '', headers: Readonly<Record<string, string>> = {}): Buffer {
  const given = { host: 'registry', 'content-length': String(Buffer.byteLength(body)), ...headers };
  const head = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n`), Buffer.from(body)]);
}

function firstAnswer(received: Buffer): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const length = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (status === 100) return firstAnswer(received.subarray(headEnd + 4));
  if (received.length < length) return undefined;
  return { answer: { status, headers, body: asJson(received.toString('utf8', headEnd + 4, length)) }, length };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
