import { describe, expect, test } from 'vitest';
import { type ActiveSpec, aimOf, isActive, plainHost } from '../../src/probe/check-aim.ts';
import { type LooseSpec, recordOf, specOf } from './fixtures.ts';

function aim(host: string, port: number, loose: LooseSpec, scheme = 'http') {
  const spec = specOf(loose);
  if (!isActive(spec)) throw new Error('not an active check');
  return aimOf(recordOf(host, port, [], scheme), spec satisfies ActiveSpec);
}

describe('where a check goes', () => {
  test('to the host and port of the instance, with the path of the check', () => {
    expect(aim('api', 8080, { kind: 'http', path: '/ready?deep=1' })).toEqual({
      kind: 'http',
      host: 'api',
      port: 8080,
      secure: false,
      origin: 'http://api:8080',
      path: '/ready?deep=1',
    });
    expect(aim('api', 9000, { kind: 'tcp' })).toEqual({ kind: 'tcp', host: 'api', port: 9000 });
    expect(aim('api', 9000, { kind: 'grpc', service: 'chat' })).toEqual({
      kind: 'grpc',
      host: 'api',
      port: 9000,
      secure: false,
      service: 'chat',
    });
  });

  test('to a port of its own where the check names one', () => {
    expect(aim('api', 8080, { kind: 'http', port: 8081 })).toMatchObject({ port: 8081, origin: 'http://api:8081' });
    expect(aim('api', 8080, { kind: 'tcp', port: 1 })).toMatchObject({ port: 1 });
    expect(aim('api', 8080, { kind: 'grpc', port: 2 })).toMatchObject({ port: 2, service: '' });
  });

  test('encrypted where the scheme says so', () => {
    expect(aim('api', 443, { kind: 'http' }, 'https')).toMatchObject({ secure: true, origin: 'https://api' });
    expect(aim('api', 443, { kind: 'grpc' }, 'grpcs')).toMatchObject({ secure: true });
    expect(aim('api', 443, { kind: 'grpc' }, 'grpc')).toMatchObject({ secure: false });
  });

  test('to an absolute URL instead, without the user and password in it', () => {
    expect(aim('api', 1, { kind: 'http', url: 'https://user:secret@Other.example:444/x?y=1#z' })).toEqual({
      kind: 'http',
      host: 'other.example',
      port: 444,
      secure: true,
      origin: 'https://other.example:444',
      path: '/x?y=1',
    });
    expect(aim('api', 1, { kind: 'http', url: 'http://[::1]/health' })).toMatchObject({ host: '::1', port: 80 });
    expect(aim('api', 1, { kind: 'http', url: 'https://a/' })).toMatchObject({ port: 443 });
  });

  test.each(['', 'api/health', 'ftp://api/', 'file:///etc/passwd', 'http://', 'http://a b/', 'http://api:99999/', 'unix:/run/x.sock'])(
    'nowhere, when the URL is %j',
    (url) => {
      expect(aim('api', 80, { kind: 'http', url })).toBeUndefined();
    },
  );

  test.each(['', 'a/b', 'user@host', 'a?b', 'a#b', 'a\\b', 'a b', 'a\nb', 'a:80', 'a%2fb', '[x]', '\0'])(
    'nowhere, when the host is %j',
    (host) => {
      expect(aim(host, 80, { kind: 'http' })).toBeUndefined();
      expect(aim(host, 80, { kind: 'tcp' })).toBeUndefined();
      expect(aim(host, 80, { kind: 'grpc' })).toBeUndefined();
    },
  );

  test.each(['//evil.example/x', '/@evil.example', 'evil.example', '/../..//evil.example/', '/\\evil.example', '/a\r\nHost: evil.example'])(
    'never off the host by its path: %j',
    (path) => {
      const there = aim('api', 80, { kind: 'http', path });
      expect(there).toMatchObject({ host: 'api', origin: 'http://api' });
      expect(there?.kind === 'http' && /[\r\n ]/.test(there.path)).toBe(false);
    },
  );

  test.each([
    ['0X7F.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['017700000001', '127.0.0.1'],
    ['0', '0.0.0.0'],
    ['Api.Example', 'api.example'],
    ['my_service', 'my_service'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::FFFF:169.254.169.254', '::ffff:a9fe:a9fe'],
  ])('%s is spelled %s', (given, plain) => {
    expect(plainHost(given)).toBe(plain);
  });
});
