/**
 * Where a registration of this dialect is, and what its background check asks.
 *
 * Clients give host, port and url side by side and need not mean the same place. `host` and `port` are the address; the URL
 * gives its scheme, and its path too where it names the same host and port; the record keeps the URL as written where the
 * address does not render to it.
 */
import type { Address, CheckSpec, JsonObject } from '@rollcall/core';
import { addressUrl, unbracketed, urlAddress } from '../address.ts';

export interface Place {
  readonly address: Address;
  readonly url?: string;
}

export function placeOf(host: string, port: number, url: string): Place {
  const written = urlAddress(url);
  const own = { scheme: written?.scheme ?? 'http', host: unbracketed(host), port };
  const samePlace = written?.host === own.host && written.port === port;
  const address = { ...own, path: samePlace ? written.path : '' };
  return url === addressUrl(address) ? { address } : { address, url };
}

export interface CheckTimes {
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
}

/**
 * One check that only informs: many services of the originals have no `/health`. A model server is asked through its
 * babysitter, one port above; everything else, also one at the last port, at its own URL.
 */
export function healthChecks({ address, url }: Place, metadata: JsonObject, times: CheckTimes): readonly CheckSpec[] {
  return [
    {
      name: 'health',
      intervalMs: times.healthIntervalMs,
      timeoutMs: times.healthTimeoutMs,
      rise: 1,
      fall: 1,
      gates: false,
      kind: 'http',
      ...healthTarget({ address, ...(url === undefined ? {} : { url }) }, metadata),
    },
  ];
}

interface Target {
  readonly path: string;
  readonly port?: number;
  readonly url?: string;
}

const HEALTH = '/health';
const LAST_PORT = 65_535;

function healthTarget({ address, url }: Place, metadata: JsonObject): Target {
  if (metadata['type'] === 'openai-api' && address.port < LAST_PORT) {
    const port = address.port + 1;
    if (address.scheme === 'http') return { path: HEALTH, port };
    return { path: HEALTH, url: addressUrl({ ...address, scheme: 'http', port, path: HEALTH }) };
  }
  if (url !== undefined) return { path: HEALTH, url: `${url.replace(/\/+$/, '')}${HEALTH}` };
  return { path: `${address.path}${HEALTH}` };
}
