/** Requests of the classic dialect, and what is read back of its answers. */
import type { Ask } from './sender.ts';
import type { Request } from './load.ts';
import { registrationFor } from './records.ts';

export function readRequest(service: string): Request {
  return { method: 'GET', path: `/services/${service}` };
}

export function heartbeatRequest(id: string): Request {
  return { method: 'POST', path: `/heartbeat/${id}` };
}

export function registerRequest(number: number, perService = 10): Request {
  return { method: 'POST', path: '/register', body: registrationFor(number, { perService }) };
}

/** Registers instances 0 to `count` - 1 and returns their ids. */
export async function registerAll(ask: Ask, count: number, perService = 10): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) ids.push(await register(ask, number, perService));
  return ids;
}

export async function register(ask: Ask, number: number, perService = 10): Promise<string> {
  const { status, body } = await ask(registerRequest(number, perService));
  if (status !== 201) throw new Error(`a registration was answered ${status}: ${body}`);
  return (JSON.parse(body) as { instance_id: string }).instance_id;
}

export async function expectOk(ask: Ask, wanted: Parameters<Ask>[0]): Promise<void> {
  const { status, body } = await ask(wanted);
  if (status !== 200) throw new Error(`${wanted.method} ${wanted.path} was answered ${status}: ${body}`);
}
