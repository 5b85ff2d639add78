/**
 * TLS over a connection that is there, for probes.
 *
 * Certificates are not verified. Services on a private network mostly have one signed by themselves; a probe sends no secret and
 * learns one status, so what verification would protect is not here. Whoever can forge the answer can make an instance that is dead
 * look well, but not read or change anything, and clients verify for themselves.
 */
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { orEnded } from './ended.ts';

/** `host` is told to the server when it is a name. Rejects with the error of the handshake, or the signal's reason; the socket is destroyed then. */
export async function encrypt(socket: Socket, host: string, protocol: 'http/1.1' | 'h2', signal: AbortSignal): Promise<TLSSocket> {
  const secure = connect({
    socket,
    rejectUnauthorized: false,
    ALPNProtocols: [protocol],
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  secure.once('secureConnect', () => resolve(secure));
  secure.on('error', reject);
  try {
    return await orEnded(promise, signal);
  } catch (error) {
    secure.destroy();
    throw error;
  }
}
