import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainHost } from '../../src/probe/check-aim.ts';
import type { Resolution } from '../../src/probe/index.ts';
import { locate, MAX_ADDRESSES, mayConnect, THIS_MACHINE } from '../../src/probe/target.ts';

function resolvesTo(...addresses: string[]): { resolve(): Promise<Resolution> } {
  return { resolve: () => Promise.resolve(addresses.length === 0 ? { kind: 'missing' } : { kind: 'addresses', addresses }) };
}

const noResolver = {
  resolve(name: string): Promise<Resolution> {
    throw new Error(`asked for ${name}`);
  },
};

const REFUSED = [
  '169.254.169.254',
  '169.254.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '0.0.0.0',
  '0.1.2.3',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  'fe80::1',
  'febf::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::ffff:0.0.0.0',
  '::ffff:224.0.0.1',
  '::169.254.169.254',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::1',
  '2002:a9fe:a9fe::1',
  '2002:6464:64c8::',
  'not an address',
  '',
];

const ALLOWED = [
  '127.0.0.1',
  '127.1.2.3',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '100.100.100.199',
  '169.253.255.255',
  '8.8.8.8',
  'fd12:3456::1',
  '2001:db8::1',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
];

describe('what may be connected to', () => {
  test.each(REFUSED)('%j is refused', (address) => {
    expect(mayConnect(address)).toBe(false);
  });

  test.each(ALLOWED)('%s is allowed', (address) => {
    expect(mayConnect(address)).toBe(true);
  });

  test('no spelling of a refused IPv4 address gets through, as a host or inside IPv6', async () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const refused = fc.oneof(
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
      fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
      fc.constant([100, 100, 100, 200] as const),
      fc.tuple(fc.constant(0), octet, octet, fc.integer({ min: 1, max: 255 })),
    );
    await fc.assert(
      fc.asyncProperty(refused, fc.integer({ min: 0, max: 7 }), async ([a, b, c, d], way) => {
        const number = ((a * 256 + b) * 256 + c) * 256 + d;
        const hex = (high: number, low: number): string => (high * 256 + low).toString(16);
        const spellings = [
          `${a}.${b}.${c}.${d}`,
          `${number}`,
          `0x${number.toString(16)}`,
          `0${number.toString(8)}`,
          `${a}.${(b * 256 + c) * 256 + d}`,
          `0x${a.toString(16)}.0${b.toString(8)}.${c * 256 + d}`,
          `::ffff:${a}.${b}.${c}.${d}`,
          `::FFFF:${hex(a, b)}:${hex(c, d)}`,
        ];
        const host = plainHost(spellings[way] ?? '');
        expect(host).toBeDefined();
        expect(await locate(host ?? '', noResolver)).toEqual({ kind: 'not-found', output: 'forbidden target' });
      }),
    );
  });

  test('every address of a public or private network is allowed in each of its spellings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(10, 127, 192, 8),
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 1, max: 254 }),
        async (a, b, d) => {
          for (const host of [`${a}.${b}.7.${d}`, `${a}.${b}.${7 * 256 + d}`, `::ffff:${a}.${b}.7.${d}`]) {
            expect((await locate(plainHost(host) ?? '', noResolver)).kind).toBe('found');
          }
        },
      ),
    );
  });
});

describe('where a host is', () => {
  test.each(['0.0.0.0', '0', '::', '[::]', 'localhost', 'LOCALHOST', 'localhost.', 'api.localhost'])(
    '%s is this machine, over both families',
    async (host) => {
      expect(await locate(plainHost(host) ?? '', noResolver)).toEqual({ kind: 'found', addresses: THIS_MACHINE });
    },
  );

  test.each(['notlocalhost', 'localhost.example'])('%s is a name like any other', async (host) => {
    expect(await locate(host, resolvesTo('10.0.0.1'))).toEqual({ kind: 'found', addresses: ['10.0.0.1'] });
  });

  test('a name is judged by all of its addresses: what is forbidden is left out, and never tried', async () => {
    expect(await locate('name', resolvesTo('169.254.169.254', '10.0.0.1', 'fe80::1'))).toEqual({ kind: 'found', addresses: ['10.0.0.1'] });
  });

  test.each(['169.254.169.254', '0.0.0.0', '::', '::ffff:0.0.0.0', 'ff02::1'])(
    'a name that only leads to %s is forbidden',
    async (address) => {
      expect(await locate('name', resolvesTo(address))).toEqual({ kind: 'not-found', output: 'forbidden target' });
    },
  );

  test('a name without an address is said to be one', async () => {
    expect(await locate('name', resolvesTo())).toEqual({ kind: 'not-found', output: 'dns' });
  });

  test('of many addresses only the first are tried', async () => {
    const located = await locate('name', resolvesTo(...Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`)));
    expect(located.kind === 'found' && located.addresses.length).toBe(MAX_ADDRESSES);
  });
});
