/**
 * What a probe may say: a category and a status code, never text from the host, because it is shown to whoever reads the
 * registry.
 *
 * What went wrong on our own side (no descriptors, no ports, no memory) says nothing about the instance: the outcome is
 * `undefined`, and the registry is told nothing. Else one exhausted registry would call every instance dead.
 */
import type { Observation } from '@rollcall/core';

/** Undefined: nothing was learned. */
export type Outcome = Observation | undefined;

/** Why a probe was ended from outside: `signal.reason` of its signal. */
export class ProbeEnded extends Error {
  override readonly name = 'ProbeEnded';
  readonly why: 'timeout' | 'stopped';

  constructor(why: ProbeEnded['why']) {
    super(why);
    this.why = why;
  }
}

export function passing(output: string): Observation {
  return { state: 'passing', output };
}

export function failing(output: string): Observation {
  return { state: 'failing', output };
}

const OUR_OWN_LACK: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAGAIN', 'EADDRNOTAVAIL']);

const CATEGORIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  EPROTO: 'tls',
  UND_ERR_HEADERS_OVERFLOW: 'bad answer',
};

/**
 * What an error of a socket, of TLS or of undici means. `error` is what nobody foresaw: ours to look into, but nothing to die of,
 * because the other side may have brought it about.
 */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof ProbeEnded) return error.why === 'timeout' ? failing('timeout') : undefined;
  const code = errorCode(error);
  if (OUR_OWN_LACK.has(code)) return undefined;
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return failing('tls');
  // undici's parser gives a code for some of its errors only.
  const misread = code.startsWith('HPE_') || code.startsWith('ERR_HTTP2_') || (error instanceof Error && error.name === 'HTTPParserError');
  if (misread) return failing('bad answer');
  return failing(CATEGORIES[code] ?? 'error');
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
