/**
 * Where a check goes, from what was registered: a host by name, a port, and what the kind of check needs beside it.
 *
 * The host is in one spelling, whatever was registered (`0X7F.1`, `2130706433` and `127.0.0.1` are one host; a name is in lower
 * case and ASCII), because bounds are kept by host and `target.ts` judges what is written here. The path is escaped, and
 * cannot leave the host. User and password in a URL are dropped: a probe sends no secret.
 */
import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { CheckSpec, InstanceRecord } from '@rollcall/core';

export type Aim =
  | {
      readonly kind: 'http';
      readonly host: string;
      readonly port: number;
      readonly secure: boolean /** With the host as it was named. */;
      readonly origin: string;
      /** With its query. */
      readonly path: string;
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'grpc';
      readonly host: string;
      readonly port: number;
      readonly secure: boolean;
      readonly service: string;
    };

/** Kinds that we probe; the client of a `reported` check tells us itself. */
export type ActiveSpec = Exclude<CheckSpec, { kind: 'reported' }>;

export function isActive(spec: CheckSpec): spec is ActiveSpec {
  return spec.kind !== 'reported';
}

/** Undefined when there is no such place: a URL or a host that cannot be read, or another scheme than http and https. */
export function aimOf({ address }: InstanceRecord, spec: ActiveSpec): Aim | undefined {
  if (spec.kind === 'http' && spec.url !== undefined) return httpAim(URL.parse(spec.url));
  const host = plainHost(address.host);
  if (host === undefined) return undefined;
  const port = spec.port ?? address.port;
  const secure = SECURE_SCHEMES.has(address.scheme);
  switch (spec.kind) {
    case 'tcp':
      return { kind: 'tcp', host, port };
    case 'grpc':
      return { kind: 'grpc', host, port, secure, service: spec.service ?? '' };
    case 'http': {
      const path = spec.path.startsWith('/') ? spec.path : `/${spec.path}`;
      return httpAim(URL.parse(`${secure ? 'https' : 'http'}://${bracketed(host)}:${port}${path}`));
    }
  }
}

/** The one spelling of a host: IPv6 without brackets, IPv4 in dots, a name in lower-case ASCII. Undefined for none of them. */
export function plainHost(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIPv6(bare)) {
    // A zone is only meant for link-local addresses, which are refused anyway; `target.ts` says so.
    return bare.includes('%') ? bare.toLowerCase() : URL.parse(`http://[${bare}]`)?.hostname.slice(1, -1);
  }
  if (NOT_IN_A_HOST.test(host)) return undefined;
  const ascii = domainToASCII(host);
  return ascii === '' ? undefined : ascii;
}

const SECURE_SCHEMES: ReadonlySet<string> = new Set(['https', 'grpcs', 'tls']);

/** `domainToASCII` stops at some of these and swallows others. */
const NOT_IN_A_HOST = /[\s/\\?#@:%[\]\p{Cc}]/u;

function httpAim(url: URL | null): Aim | undefined {
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  const host = plainHost(url.hostname);
  if (host === undefined) return undefined;
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { kind: 'http', host, port, secure, origin: url.origin, path: `${url.pathname}${url.search}` };
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
