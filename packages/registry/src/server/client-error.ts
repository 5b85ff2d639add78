/**
 * Answers what is no HTTP, or came too slowly: JSON in the shape of the listener's first dialect, then the connection closes.
 *
 * Requests of the same connection that were read before are answered first. Once an answer has begun, nothing can be said
 * any more and the connection is cut.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dialect } from './dialect.ts';
import { errorAnswer, RequestError } from './errors.ts';

/** Node's own mark of the answer that a socket is at. */
type HttpSocket = Duplex & { readonly _httpMessage?: ServerResponse | null };

export function createClientErrorHandler(dialect: Dialect): (error: Error, socket: HttpSocket) => void {
  const refusing = new WeakSet<Duplex>();

  function refuse(error: RequestError, socket: HttpSocket): void {
    if (socket.destroyed) return;
    const { _httpMessage: open } = socket;
    if (open?.req.complete === true) {
      open.once('close', () => setImmediate(refuse, error, socket));
      return;
    }
    if (open?.headersSent === true || !socket.writable) {
      socket.destroy();
      return;
    }
    const { status, type, body } = errorAnswer(dialect, error);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      `Content-Type: ${type}`,
      `Content-Length: ${body.length}`,
      'Connection: close',
    ];
    socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]), () => socket.destroy());
  }

  return (error, socket) => {
    if (refusing.has(socket)) return;
    refusing.add(socket);
    refuse(asRequestError(error), socket);
  };
}

function asRequestError(error: Error): RequestError {
  switch ('code' in error ? error.code : undefined) {
    case 'HPE_HEADER_OVERFLOW':
      return new RequestError(431, 'headers-too-large', 'The headers, or the path, are too long');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RequestError(408, 'timeout', 'The request took too long to arrive');
    default:
      return new RequestError(400, 'bad-request', 'This is not HTTP/1.1');
  }
}
