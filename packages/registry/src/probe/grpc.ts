/**
 * The gRPC probe: `grpc.health.v1.Health/Check`, well when it answers SERVING.
 *
 * One call is written by hand on `node:http2`: two messages of one field each, over a connection of our own to a judged address, which
 * is destroyed after it. Not `@grpc/grpc-js`: its channel resolves and connects by itself, and closing one while the other
 * side accepts but never speaks leaves the socket open, one for each probe of a dead server.
 * Bound: an answer of at most 4 KiB.
 * Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md and PROTOCOL-HTTP2.md beside it.
 */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Aim } from './check-aim.ts';
import { dial } from './dial.ts';
import { encrypt } from './encrypt.ts';
import { orEnded } from './ended.ts';
import { failing, type Outcome, passing } from './outcome.ts';

type GrpcAim = Extract<Aim, { kind: 'grpc' }>;

export const HEALTH_CHECK_PATH = '/grpc.health.v1.Health/Check';
const MAX_ANSWER_BYTES = 4_096;
/** Before each message: one byte for compression, four for its length. */
const PREFIX_BYTES = 5;

/** Rejects with what `outcomeOf` understands. */
export async function probeGrpc(aim: GrpcAim, addresses: readonly string[], signal: AbortSignal): Promise<Outcome> {
  const socket = await dial(addresses, aim.port, signal);
  try {
    const connection = aim.secure ? await encrypt(socket, aim.host, 'h2', signal) : socket;
    return await check(aim, connection, signal);
  } finally {
    socket.destroy();
  }
}

async function check(aim: GrpcAim, connection: Socket, signal: AbortSignal): Promise<Outcome> {
  const host = aim.host.includes(':') ? `[${aim.host}]` : aim.host;
  const session = connect(`${aim.secure ? 'https' : 'http'}://${host}:${aim.port}`, {
    createConnection: () => connection,
    settings: { enablePush: false },
  });
  try {
    return await orEnded(call(session, aim.service), signal);
  } finally {
    session.destroy();
  }
}

function call(session: ClientHttp2Session, service: string): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const stream = session.request({
    ':method': 'POST',
    ':path': HEALTH_CHECK_PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'rollcall-probe',
  });
  const body: Buffer[] = [];
  let bodyBytes = 0;
  let status: string | undefined;
  let httpStatus: number | undefined;

  function readStatus(headers: IncomingHttpHeaders): void {
    const given = headers['grpc-status'];
    if (typeof given === 'string') status = given;
  }

  session.on('error', reject);
  stream.on('error', reject);
  stream.on('response', (headers) => {
    httpStatus = headers[':status'];
    readStatus(headers);
  });
  stream.on('trailers', readStatus);
  stream.on('data', (piece: Buffer) => {
    bodyBytes += piece.length;
    if (bodyBytes > MAX_ANSWER_BYTES) resolve(failing('bad answer'));
    else body.push(piece);
  });
  // Without an answer the connection was closed under it.
  stream.on('close', () => {
    if (httpStatus === undefined) reject(Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' }));
    else resolve(judge(httpStatus, status, Buffer.concat(body)));
  });
  stream.end(framed(encodeRequest(service)));
  return promise;
}

function judge(httpStatus: number, status: string | undefined, body: Buffer): Outcome {
  if (status === undefined) return failing(httpStatus === 200 ? 'bad answer' : `http ${httpStatus}`);
  if (status !== '0') return failing(`grpc ${STATUS_NAMES[Number(status)] ?? 'UNKNOWN'}`);
  const name = SERVING_NAMES[decodeServing(body.subarray(PREFIX_BYTES))] ?? 'UNKNOWN';
  return name === 'SERVING' ? passing('grpc SERVING') : failing(`grpc ${name}`);
}

const SERVING_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** `message HealthCheckRequest { string service = 1; }` */
export function encodeRequest(service: string): Buffer {
  if (service === '') return Buffer.alloc(0);
  const text = Buffer.from(service, 'utf8');
  const head = [(1 << 3) | 2];
  let { length } = text;
  for (; length > 0x7f; length >>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), text]);
}

/** `message HealthCheckResponse { ServingStatus status = 1; }`: 0 when it is not there, or is not understood. */
export function decodeServing(message: Buffer): number {
  return message[0] === 1 << 3 ? (message[1] ?? 0) : 0;
}
