/**
 * The gRPC probe: `grpc.health.v1.Health/Check`, well when it answers SERVING.
 *
 * The two messages are written and read by hand: they have one field each. A channel is made for each probe, to a judged address,
 * and closed after it; it shares no connection, uses no proxy, and does not try again. Certificates are not verified (see `http.ts`).
 * Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import { isIPv4 } from 'node:net';
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Aim } from './check-aim.ts';
import { dial } from './dial.ts';
import { orEnded } from './ended.ts';
import { failing, type Outcome, outcomeOf, passing } from './outcome.ts';

type GrpcAim = Extract<Aim, { kind: 'grpc' }>;

export const HEALTH_CHECK_PATH = '/grpc.health.v1.Health/Check';
const MAX_MESSAGE_BYTES = 4_096;

/** Rejects with what `outcomeOf` understands. */
export async function probeGrpc(aim: GrpcAim, addresses: readonly string[], signal: AbortSignal): Promise<Outcome> {
  const address = await acceptingAddress(addresses, aim.port, signal);
  const host = isIPv4(address) ? `ipv4:${address}` : `ipv6:[${address}]`;
  const authority = `${aim.host.includes(':') ? `[${aim.host}]` : aim.host}:${aim.port}`;
  const client = new Client(`${host}:${aim.port}`, channelCredentials(aim), {
    'grpc.default_authority': authority,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    ...(aim.secure ? { 'grpc.ssl_target_name_override': aim.host } : {}),
  });
  try {
    return await check(client, aim.service, signal);
  } finally {
    client.close();
  }
}

/** grpc-js takes addresses of one family at a time; so where there are several, the one that accepts is found first. */
async function acceptingAddress(addresses: readonly string[], port: number, signal: AbortSignal): Promise<string> {
  const [only = '', ...others] = addresses;
  if (others.length === 0) return only;
  const socket = await dial(addresses, port, signal);
  const address = socket.remoteAddress ?? only;
  socket.destroy();
  return address;
}

function channelCredentials({ secure }: GrpcAim): ChannelCredentials {
  return secure ? credentials.createSsl(null, null, null, { rejectUnauthorized: false }) : credentials.createInsecure();
}

async function check(client: Client, service: string, signal: AbortSignal): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const call = client.makeUnaryRequest(
    HEALTH_CHECK_PATH,
    encodeRequest,
    decodeStatus,
    service,
    new Metadata(),
    (error: ServiceError | null, serving: number | undefined) => resolve(error === null ? judge(serving ?? 0) : outcomeOfCall(error)),
  );
  try {
    return await orEnded(promise, signal);
  } finally {
    call.cancel();
  }
}

const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

function judge(serving: number): Outcome {
  const name = SERVING_STATUS[serving] ?? 'UNKNOWN';
  return name === 'SERVING' ? passing('grpc SERVING') : failing(`grpc ${name}`);
}

/** What happened to a connection is only in the text that grpc-js gives; the code is taken from it, the text is not passed on. */
function outcomeOfCall({ code, details }: ServiceError): Outcome {
  const errno = code === status.UNAVAILABLE ? ERRNO.exec(details)?.[0] : undefined;
  return errno === undefined ? failing(`grpc ${status[code] ?? 'UNKNOWN'}`) : outcomeOf(Object.assign(new Error(errno), { code: errno }));
}

const ERRNO = /\b(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|EMFILE|ENFILE|EADDRNOTAVAIL)\b/;

/** `message HealthCheckRequest { string service = 1; }` */
export function encodeRequest(service: string): Buffer {
  if (service === '') return Buffer.alloc(0);
  const text = Buffer.from(service, 'utf8');
  const head = [(1 << 3) | 2];
  let length = text.length;
  for (; length > 0x7f; length >>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), text]);
}

/** `message HealthCheckResponse { ServingStatus status = 1; }`: 0 when it is not there, or is not understood. */
export function decodeStatus(message: Buffer): number {
  return message.length >= 2 && message[0] === 1 << 3 ? (message[1] ?? 0) : 0;
}
