/** A house that speaks the classic dialect, and what its tests ask of it. */
import { expect } from 'vitest';
import { classicDialect } from '../../src/dialects/classic/routes.ts';
import { type House, type HouseOptions, openHouse } from './house.ts';

export const BY_URL = { service_name: 'users', base_url: 'http://localhost:8000' };
export const BY_HOST = { name: 'billing', host: 'billing-1', port: 8_500 };

export interface Shown {
  readonly instance_id: string;
  readonly status: string;
  readonly last_heartbeat: string;
}

export interface ClassicHouse extends House {
  /** Resolves with the id. */
  register(body: object): Promise<string>;
  /** Resolves with the status. */
  heartbeat(id: string): Promise<number>;
  /** The instances that an answer about `service` has. */
  shown(service: string, query?: string): Promise<readonly Shown[]>;
  /** The ids of the discoverable ones. */
  ids(service: string): Promise<readonly string[]>;
}

/** Its ids count up, so that fixtures can name them. */
export async function openClassicHouse(options: HouseOptions = {}): Promise<ClassicHouse> {
  const house = await openHouse({ dialects: [classicDialect], newId: countingIds(), ...options });

  async function shown(service: string, query = ''): Promise<readonly Shown[]> {
    const { status, body } = await house.ask('GET', `/services/${encodeURIComponent(service)}${query}`);
    const { instances, count } = body as { instances: Shown[]; count: number };
    expect(count).toBe(instances.length);
    expect(status).toBe(count === 0 ? 404 : 200);
    return instances;
  }

  return {
    ...house,
    async register(body) {
      const answer = await house.ask('POST', '/register', body);
      expect(answer.status).toBe(201);
      return (answer.body as Shown).instance_id;
    },
    heartbeat: async (id) => (await house.ask('POST', `/heartbeat/${encodeURIComponent(id)}`)).status,
    shown,
    ids: async (service) => (await shown(service)).map(({ instance_id }) => instance_id),
  };
}

function countingIds(): () => string {
  let made = 0;
  return () => `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`;
}
