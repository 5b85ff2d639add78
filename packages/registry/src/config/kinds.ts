/**
 * Kinds of setting: how a value is read from text (flag, environment) and from JSON (file), what is said when it cannot
 * be, and how it is shown. Pure. A kind never throws: `undefined` means "not one of these".
 */
import { isIPv6 } from 'node:net';

export interface Kind<T> {
  /** Stands for the value in `--help`, in capitals. */
  readonly placeholder: string;
  /** What a good value is, in words that follow "expected ". */
  readonly expected: string;
  fromText(text: string): T | undefined;
  /** `value` is anything that JSON can say. */
  fromJson(value: unknown): T | undefined;
  show(value: T): string;
}

/** Where a listener listens. Port 0 lets the system choose; the start line says which it chose. */
export interface ListenAddress {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Written in seconds, decimals allowed; kept in milliseconds. */
export function seconds(min: number, max: number): Kind<number> {
  const inRange = (value: number): number | undefined => (value >= min && value <= max ? Math.round(value * 1_000) : undefined);
  return {
    placeholder: 'SECONDS',
    expected: `a number of seconds from ${min} to ${max}`,
    fromText: (text) => (/^\d{1,12}(\.\d{1,6})?$/.test(text) ? inRange(Number(text)) : undefined),
    fromJson: (value) => (typeof value === 'number' ? inRange(value) : undefined),
    show: (ms) => String(ms / 1_000),
  };
}

export function whole(min: number, max: number, placeholder = 'N'): Kind<number> {
  const inRange = (value: number): number | undefined => (Number.isInteger(value) && value >= min && value <= max ? value : undefined);
  return {
    placeholder,
    expected: `a whole number from ${min} to ${max}`,
    fromText: (text) => (/^\d{1,15}$/.test(text) ? inRange(Number(text)) : undefined),
    fromJson: (value) => (typeof value === 'number' ? inRange(value) : undefined),
    show: String,
  };
}

/** One of a few words, in any case. */
export function oneOf<const T extends string>(words: readonly T[], placeholder: string): Kind<T> {
  const fromText = (text: string): T | undefined => words.find((word) => word === text.toLowerCase());
  return {
    placeholder,
    expected: `one of ${words.join(', ')}`,
    fromText,
    fromJson: (value) => (typeof value === 'string' ? fromText(value) : undefined),
    show: (value) => value,
  };
}

export const truth: Kind<boolean> = {
  placeholder: 'BOOL',
  expected: 'true or false',
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  fromJson: (value) => (typeof value === 'boolean' ? value : undefined),
  show: String,
};

/** Any text without control characters, at most `maxChars` long. */
export function text(placeholder: string, expected: string, maxChars = 4_096): Kind<string> {
  const fromText = (value: string): string | undefined =>
    value.length <= maxChars && value.trim() !== '' && !/\p{Cc}/u.test(value) ? value : undefined;
  return {
    placeholder,
    expected,
    fromText,
    fromJson: (value) => (typeof value === 'string' ? fromText(value) : undefined),
    show: (value) => value,
  };
}

/** An http or https URL. A user and password in it are not shown. */
export const httpUrl: Kind<string> = {
  placeholder: 'URL',
  expected: 'a URL that begins with http:// or https://',
  fromText: (value) => (URL.canParse(value) && /^https?:\/\//i.test(value) ? value : undefined),
  fromJson: (value) => (typeof value === 'string' ? httpUrl.fromText(value) : undefined),
  show: (value) => value.replace(/\/\/[^/@]*@/, '//***@'),
};

/** `host:port`, `[ipv6]:port`, or `:port` for every IPv4 interface. */
export const listenAddress: Kind<ListenAddress> = {
  placeholder: 'HOST:PORT',
  expected: 'HOST:PORT, [IPV6]:PORT or :PORT, with a port from 0 to 65535',
  fromText(value) {
    const parts = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/.exec(value.trim());
    if (parts === null) return undefined;
    const [, ipv6, name, digits] = parts;
    const port = Number(digits);
    if (port > 65_535 || (ipv6 !== undefined && !isIPv6(ipv6))) return undefined;
    return { host: ipv6 ?? (name || '0.0.0.0'), port };
  },
  fromJson: (value) => (typeof value === 'string' ? listenAddress.fromText(value) : undefined),
  show: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
};

/** Several of a kind, separated by commas; at least one. */
export function listOf<T>(kind: Kind<T>): Kind<readonly T[]> {
  function fromText(value: string): readonly T[] | undefined {
    const items: T[] = [];
    for (const part of value.split(',')) {
      const item = kind.fromText(part.trim());
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
  return {
    placeholder: kind.placeholder,
    expected: `${kind.expected}; several are separated by commas`,
    fromText,
    fromJson: (value) => (typeof value === 'string' ? fromText(value) : undefined),
    show: (values) => values.map((value) => kind.show(value)).join(','),
  };
}

/** The kind, or the word `off`. */
export function orOff<T>(kind: Kind<T>): Kind<T | 'off'> {
  return {
    placeholder: kind.placeholder,
    expected: `${kind.expected}, or off`,
    fromText: (value) => (value.toLowerCase() === 'off' ? 'off' : kind.fromText(value)),
    fromJson: (value) => (value === 'off' ? 'off' : kind.fromJson(value)),
    show: (value) => (value === 'off' ? 'off' : kind.show(value)),
  };
}

/** The kind, or nothing at all: for settings whose default is to be absent. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return { ...kind, show: (value) => (value === undefined ? '' : kind.show(value)) };
}
