/**
 * How the original infini router reads `GET /services`: a typed parse of the whole answer, in which one entry of a wrong type
 * fails all of it, and its pool stays as it was. Throws as that parse would.
 */
import assert from 'node:assert/strict';

export interface RouterEntry {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly hostname: string;
  readonly url: string;
  readonly status: string;
  readonly timestamp: string;
  readonly is_healthy: boolean;
  readonly weight: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export function parseAsRouter(text: string): readonly RouterEntry[] {
  const answer: unknown = JSON.parse(text);
  assert(isObject(answer), 'the answer is an object');
  const { services, total } = answer;
  assert(Array.isArray(services), '`services` is an array');
  assert(isInteger(total, Number.MAX_SAFE_INTEGER), '`total` is an unsigned integer');
  assert.equal(total, services.length);
  return services.map(entryOf);
}

export function entryOf(entry: unknown): RouterEntry {
  assert(isObject(entry), 'an entry is an object');
  for (const field of ['name', 'host', 'hostname', 'url', 'status', 'timestamp']) {
    assert.equal(typeof entry[field], 'string', `\`${field}\` is a string`);
  }
  assert(isInteger(entry['port'], 65_535), '`port` is a u16');
  assert(isInteger(entry['weight'], 4_294_967_295), '`weight` is a u32');
  assert(isObject(entry['metadata']), '`metadata` is an object');
  assert.equal(typeof entry['is_healthy'], 'boolean', '`is_healthy` is a boolean');
  assert.match(String(entry['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/, '`timestamp` is RFC 3339');
  return entry as unknown as RouterEntry;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** An integer as its digits: serde takes no `1.0` or `1e3` for an unsigned integer, and JSON.stringify writes `1e21` from there on. */
function isInteger(value: unknown, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max && /^\d+$/.test(JSON.stringify(value));
}
