/**
 * What may be connected to. Judged after resolution, by address; whoever connects uses the addresses that come from here
 * and never the name, so what is connected to is what was judged.
 *
 * Refused: link-local, the metadata services of clouds, multicast, broadcast, unspecified and reserved addresses, also
 * inside IPv6 (mapped, compatible, NAT64, 6to4). Loopback and private ranges are where services live and are allowed.
 * A *registered* host `0.0.0.0`, `::` or `localhost` means this machine, over both families; a name that resolves to an
 * unspecified address does not.
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { plainHost } from './check-aim.ts';
import type { Resolver } from './resolver.ts';

export type Located =
  | {
      readonly kind: 'found' /** Addresses to connect to, the first to be tried first; at most `MAX_ADDRESSES`. */;
      readonly addresses: readonly string[];
    }
  /** What the probe says of it. */
  | { readonly kind: 'not-found'; readonly output: 'dns' | 'forbidden target' };

/** Of a name with more addresses, only the first are tried. */
export const MAX_ADDRESSES = 8;

/** `host` in the spelling of `plainHost`. Takes as long as the resolver; never rejects. */
export async function locate(host: string, resolver: Pick<Resolver, 'resolve'>): Promise<Located> {
  if (meansThisMachine(host)) return { kind: 'found', addresses: THIS_MACHINE };
  const resolved = isIP(host) === 0 ? await resolver.resolve(host) : { kind: 'addresses' as const, addresses: [host] };
  if (resolved.kind !== 'addresses') return { kind: 'not-found', output: 'dns' };
  const addresses = resolved.addresses.filter(mayConnect).slice(0, MAX_ADDRESSES);
  return addresses.length === 0 ? { kind: 'not-found', output: 'forbidden target' } : { kind: 'found', addresses };
}

export const THIS_MACHINE: readonly string[] = ['127.0.0.1', '::1'];

export function meansThisMachine(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || LOCALHOST.test(host);
}

/** Whether a probe may connect to this address. False for what is no address. */
export function mayConnect(address: string): boolean {
  if (isIPv4(address)) return !refused.check(address, 'ipv4');
  const plain = isIPv6(address) ? plainHost(address) : undefined;
  if (plain === undefined || plain.includes('%')) return false;
  return plain === '::1' || !refused.check(plain, 'ipv6');
}

/** RFC 6761: names under it too. */
const LOCALHOST = /^(.+\.)?localhost\.?$/;

const REFUSED_IPV4 = [
  ['0.0.0.0', 8, 'unspecified'],
  ['169.254.0.0', 16, 'link-local, with most metadata services'],
  ['100.100.100.200', 32, 'metadata: Alibaba Cloud'],
  ['168.63.129.16', 32, 'metadata: Azure'],
  ['192.0.0.192', 32, 'metadata: Oracle Cloud'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved, and broadcast'],
] as const;

const REFUSED_IPV6 = [
  ['::', 96, 'unspecified, and IPv4-compatible; ::1 is let through'],
  ['fe80::', 10, 'link-local'],
  ['fec0::', 10, 'site-local, deprecated'],
  ['ff00::', 8, 'multicast'],
  ['fd00:ec2::', 32, 'metadata: AWS'],
  ['fd20:ce::', 32, 'metadata: Google Cloud'],
  ['64:ff9b:1::', 48, 'NAT64 of a site: what is behind it cannot be told'],
] as const;

/** IPv4 inside IPv6: the prefix, and how many bits it has. `::ffff:0:0/96` is looked into by BlockList itself. */
const EMBEDDINGS = [
  ['64:ff9b::', 96],
  ['2002:', 16],
] as const;

const refused = createRefused();

function createRefused(): BlockList {
  const list = new BlockList();
  for (const [net, bits] of REFUSED_IPV4) {
    list.addSubnet(net, bits, 'ipv4');
    const [a = 0, b = 0, c = 0, d = 0] = net.split('.').map(Number);
    const groups = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    for (const [prefix, prefixBits] of EMBEDDINGS) {
      list.addSubnet(prefixBits === 16 ? `${prefix}${groups}::` : `${prefix}${groups}`, prefixBits + bits, 'ipv6');
    }
  }
  for (const [net, bits] of REFUSED_IPV6) list.addSubnet(net, bits, 'ipv6');
  return list;
}
