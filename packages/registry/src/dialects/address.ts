/**
 * An address and its URL: the one place where the two are turned into each other.
 *
 * What a URL has beyond an address (credentials, query, fragment, upper case) is not in the address; a dialect keeps the URL
 * as written in the record's `url` where `addressUrl` would not give it back.
 */
import type { Address } from '@rollcall/core';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443 };

/** With the port always written, and an IPv6 host in brackets. */
export function addressUrl({ scheme, host, port, path }: Address): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

/**
 * Undefined where `text` is no URL with a host and a port known or written. The last answer is remembered, for a body is
 * judged by it first and then used.
 */
export function urlAddress(text: string): Address | undefined {
  if (text !== last.text) last = { text, address: parsed(text) };
  return last.address;
}

let last: { readonly text: string; readonly address: Address | undefined } = { text: '', address: undefined };

function parsed(text: string): Address | undefined {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') return undefined;
  const scheme = url.protocol.slice(0, -1);
  const port = url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port);
  if (port === undefined) return undefined;
  return { scheme, host: unbracketed(url.hostname), port, path: url.pathname.replace(/\/+$/, '') };
}

/** `[::1]` and `::1` are the same host; addresses keep the second. */
export function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
