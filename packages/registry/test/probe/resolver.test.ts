import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createResolver, type Resolver, type ResolverOptions } from '../../src/probe/index.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';

let dns: DnsServer;
let folder: string;
let nowMs: number;
const open: Resolver[] = [];

beforeEach(async () => {
  dns = await startDnsServer();
  folder = await mkdtemp(join(tmpdir(), 'resolver-'));
  nowMs = 0;
});

afterEach(async () => {
  for (const resolver of open.splice(0)) resolver.close();
  await dns.close();
  await rm(folder, { recursive: true });
});

/** On a clock that the test moves, with the test's own server and files, and a system that knows nothing. */
function newResolver(options: Partial<ResolverOptions> = {}): Resolver {
  const resolver = createResolver({
    clock: { monotonicMs: () => nowMs },
    servers: [dns.address],
    hostsFile: join(folder, 'hosts'),
    resolvConf: join(folder, 'resolv.conf'),
    systemLookup: () => Promise.resolve([]),
    ...options,
  });
  open.push(resolver);
  return resolver;
}

function found(...addresses: string[]) {
  return { kind: 'addresses', addresses };
}

describe('answers', () => {
  test('both families, IPv4 first', async () => {
    dns.names.set('both.example', { a: ['10.0.0.1', '10.0.0.2'], aaaa: ['fd00:0:0:0:0:0:0:1'] });
    dns.names.set('six.example', { aaaa: ['fd00:0:0:0:0:0:0:2'] });
    const resolver = newResolver();
    expect(await resolver.resolve('both.example')).toEqual(found('10.0.0.1', '10.0.0.2', 'fd00::1'));
    expect(await resolver.resolve('six.example')).toEqual(found('fd00::2'));
  });

  test('literal addresses come back as they are, without a question', async () => {
    const resolver = newResolver();
    expect(await resolver.resolve('10.1.2.3')).toEqual(found('10.1.2.3'));
    expect(await resolver.resolve('::1')).toEqual(found('::1'));
    expect(dns.asked).toEqual([]);
  });

  test('a name that does not exist, and one without an address, are missing', async () => {
    dns.names.set('empty.example', {});
    const resolver = newResolver();
    expect(await resolver.resolve('nowhere.example')).toEqual({ kind: 'missing' });
    expect(await resolver.resolve('empty.example')).toEqual({ kind: 'missing' });
  });

  test('a server that fails or does not answer leaves the name unanswered, within the time-out', async () => {
    dns.names.set('broken.example', 'broken');
    dns.names.set('silent.example', 'silent');
    const resolver = newResolver({ timeoutMs: 200 });
    expect(await resolver.resolve('broken.example')).toEqual({ kind: 'unanswered' });
    expect(await resolver.resolve('silent.example')).toEqual({ kind: 'unanswered' });
  });
});

describe('a question that got lost', () => {
  test('is asked again within the time-out', async () => {
    dns.names.set('name.example', 'silent');
    const resolver = newResolver({ timeoutMs: 4_000 });
    const answer = resolver.resolve('name.example');
    while (dns.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    dns.names.set('name.example', { a: ['10.0.0.1'] });
    expect(await answer).toEqual(found('10.0.0.1'));
  });
});

describe('one name never waits for another', () => {
  test('100 dead names in flight: a live one is answered meanwhile', async () => {
    dns.names.set('live.example', { a: ['10.0.0.1'] });
    const resolver = newResolver({ timeoutMs: 8_000 });
    let dead = 0;
    for (let index = 0; index < 100; index += 1) {
      dns.names.set(`dead-${index}.example`, 'silent');
      void resolver.resolve(`dead-${index}.example`).then(() => {
        dead += 1;
      });
    }
    expect(await resolver.resolve('live.example')).toEqual(found('10.0.0.1'));
    expect(dead).toBe(0);
  });
});

describe('the cache', () => {
  test('who asks at the same time shares one question; who asks later is answered from the cache, in any case of letters', async () => {
    dns.names.set('name.example', { a: ['10.0.0.1'] });
    const resolver = newResolver();
    const answers = await Promise.all(Array.from({ length: 100 }, () => resolver.resolve('name.example')));
    expect(new Set(answers).size).toBe(1);
    nowMs += 9_999;
    expect(await resolver.resolve('NAME.example')).toEqual(found('10.0.0.1'));
    expect(dns.asked.toSorted()).toEqual(['name.example A', 'name.example AAAA']);
  });

  test('an answer is asked for again after its time: 10 s with addresses, 5 s without', async () => {
    dns.names.set('name.example', { a: ['10.0.0.1'] });
    const resolver = newResolver();
    await resolver.resolve('name.example');
    await resolver.resolve('missing.example');
    dns.names.set('name.example', { a: ['10.0.0.2'] });
    dns.names.set('missing.example', { a: ['10.0.0.3'] });
    nowMs += 4_999;
    expect(await resolver.resolve('missing.example')).toEqual({ kind: 'missing' });
    nowMs += 1;
    expect(await resolver.resolve('missing.example')).toEqual(found('10.0.0.3'));
    expect(await resolver.resolve('name.example')).toEqual(found('10.0.0.1'));
    nowMs += 5_000;
    expect(await resolver.resolve('name.example')).toEqual(found('10.0.0.2'));
  });

  test('while DNS is silent the last answer serves, for ten minutes; "no such name" is believed at once', async () => {
    dns.names.set('name.example', { a: ['10.0.0.1'] });
    const resolver = newResolver({ timeoutMs: 100 });
    await resolver.resolve('name.example');
    dns.names.set('name.example', 'broken');
    nowMs += 10_000;
    expect(await resolver.resolve('name.example')).toEqual(found('10.0.0.1'));
    nowMs += 9 * 60_000;
    expect(await resolver.resolve('name.example')).toEqual(found('10.0.0.1'));
    nowMs += 60_000;
    expect(await resolver.resolve('name.example')).toEqual({ kind: 'unanswered' });

    dns.names.set('name.example', { a: ['10.0.0.1'] });
    nowMs += 10_000;
    await resolver.resolve('name.example');
    dns.names.delete('name.example');
    nowMs += 10_000;
    expect(await resolver.resolve('name.example')).toEqual({ kind: 'missing' });
    dns.names.set('name.example', 'broken');
    nowMs += 10_000;
    expect(await resolver.resolve('name.example')).toEqual({ kind: 'unanswered' });
  });

  test('is bounded', async () => {
    const resolver = newResolver();
    for (let piece = 0; piece < 210; piece += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => resolver.resolve(`x${piece}-${index}.example`)));
    }
    expect(resolver.cached).toBe(10_000);
  });
});

describe('what is known without asking', () => {
  test('the hosts file comes first, and a change of it is seen', async () => {
    const hosts = join(folder, 'hosts');
    await writeFile(
      hosts,
      '# here\n127.0.0.1 localhost\n10.9.9.9 Build build.example # both\n::1 localhost ip6-localhost\nnonsense name\n',
    );
    const resolver = newResolver({ foundMs: 0 });
    expect(await resolver.resolve('BUILD')).toEqual(found('10.9.9.9'));
    expect(await resolver.resolve('build.example.')).toEqual(found('10.9.9.9'));
    expect(await resolver.resolve('localhost')).toEqual(found('127.0.0.1', '::1'));
    expect(dns.asked).toEqual([]);
    await writeFile(hosts, '10.8.8.8 build and another to change the length\n');
    nowMs += 1_000;
    expect(await resolver.resolve('build')).toEqual(found('10.8.8.8'));
  });

  test('short names are tried in the search list, long ones as they are first, rooted ones only so', async () => {
    await writeFile(
      join(folder, 'resolv.conf'),
      'nameserver 192.0.2.1\nsearch ns.svc.cluster.local. svc.cluster.local\noptions timeout:1 ndots:2\n',
    );
    dns.names.set('chat.svc.cluster.local', { a: ['10.0.0.1'] });
    dns.names.set('a.b.example', { a: ['10.0.0.2'] });
    const resolver = newResolver();
    expect(await resolver.resolve('chat')).toEqual(found('10.0.0.1'));
    expect(dns.asked).toContain('chat.ns.svc.cluster.local A');
    expect(dns.asked).not.toContain('chat A');
    dns.asked.length = 0;
    expect(await resolver.resolve('a.b.example')).toEqual(found('10.0.0.2'));
    expect(dns.asked.toSorted()).toEqual(['a.b.example A', 'a.b.example AAAA']);
    dns.asked.length = 0;
    expect(await resolver.resolve('chat.')).toEqual({ kind: 'missing' });
    expect(dns.asked.toSorted()).toEqual(['chat A', 'chat AAAA']);
  });

  test('a name that only the system knows is found by it; when the system is busy nothing is concluded', async () => {
    const resolver = newResolver({ systemLookup: (name) => Promise.resolve(name === 'laptop.local' ? ['192.168.1.7'] : undefined) });
    expect(await resolver.resolve('laptop.local')).toEqual(found('192.168.1.7'));
    expect(await resolver.resolve('other.local')).toEqual({ kind: 'unanswered' });
  });

  test('the system is asked at most twice at once', async () => {
    const { createSystemLookup } = await import('../../src/probe/system-lookup.ts');
    const lookup = createSystemLookup();
    const three = [lookup('localhost'), lookup('localhost'), lookup('localhost')];
    expect(await three[2]).toBeUndefined();
    expect(await three[0]).toContain('127.0.0.1');
    expect(await three[1]).toContain('127.0.0.1');
    expect(await lookup('localhost')).toContain('127.0.0.1');
  });
});

describe('close', () => {
  test('ends what is in flight, and asks nothing more', async () => {
    dns.names.set('silent.example', 'silent');
    const resolver = newResolver({ timeoutMs: 60_000 });
    const asked = resolver.resolve('silent.example');
    resolver.close();
    expect(await asked).toEqual({ kind: 'unanswered' });
    dns.asked.length = 0;
    expect(await resolver.resolve('late.example')).toEqual({ kind: 'unanswered' });
    expect(dns.asked).toEqual([]);
    resolver.close();
  });
});
