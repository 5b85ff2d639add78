/**
 * One registry in a simulated world: clock, store and network are told what to do, and everything that the registry says
 * of its own accord is kept. It can be restarted over the same disk, as after `kill -9`.
 */
import {
  type Address,
  type Change,
  type Clock,
  type Command,
  type CountLimits,
  createRegistry,
  type InstanceDraft,
  type InstanceView,
  type Notice,
  type Outcome,
  type Reachability,
  type Registry,
  TICK_MS,
} from '@rollcall/core';
import { createSimulatedClock, type SimulatedClock, settled } from './clock.ts';
import { instanceId } from './records.ts';
import { createSimStore, type SimStore } from './sim-store.ts';

export interface World {
  readonly clock: SimulatedClock;
  readonly store: SimStore;
  readonly registry: Registry;
  /** What subscribers were told since the last start. */
  readonly changes: readonly Change[];
  readonly notices: readonly Notice[];
  /** Addresses asked by the mass-expiry guard. */
  readonly asked: readonly Address[];
  /** Starts anew over the same disk without having closed; what was in flight becomes of as told. */
  restart(inFlight?: 'happened' | 'lost'): Promise<void>;
  /** Submits, and fails the test when it is refused. */
  do(command: Command): Promise<Outcome>;
  register(...drafts: InstanceDraft[]): Promise<void>;
  view(id: string): InstanceView | undefined;
  /** Ids in discovery answers, sorted. */
  discoverable(): string[];
}

export interface WorldOptions {
  readonly limits?: Partial<CountLimits>;
  /** What an address answers the guard; refused unless told otherwise. */
  readonly reach?: (address: Address, clock: Clock) => Promise<Reachability>;
  /** Called with every tick, after the registry. */
  readonly onTick?: () => void;
}

export async function createWorld({ limits = {}, reach = async () => 'refused', onTick = () => {} }: WorldOptions = {}): Promise<World> {
  const clock = createSimulatedClock();
  let store = createSimStore();
  let registry: Registry;
  let stopTicking = (): void => {};
  let changes: Change[] = [];
  let notices: Notice[] = [];
  const asked: Address[] = [];

  async function start(): Promise<void> {
    changes = [];
    notices = [];
    const heard = changes;
    const announced = notices;
    registry = createRegistry({
      store,
      clock,
      limits,
      reach: (address) => {
        asked.push(address);
        return reach(address, clock);
      },
      announce: (notice) => announced.push(notice),
    });
    await registry.open();
    registry.subscribe((batch) => {
      for (const change of batch) heard.push(change);
    });
    stopTicking = clock.every(TICK_MS, () => {
      registry.tick();
      onTick();
    });
  }

  async function submit(command: Command): Promise<Outcome> {
    const outcome = await registry.submit(command);
    if (outcome.kind === 'rejected') throw new Error(`refused: ${JSON.stringify(outcome.error)}`);
    return outcome;
  }

  await start();
  return {
    clock,
    get store() {
      return store;
    },
    get registry() {
      return registry;
    },
    get changes() {
      return changes;
    },
    get notices() {
      return notices;
    },
    asked,
    async restart(inFlight = 'lost') {
      stopTicking();
      store = store.reopened(inFlight);
      await settled();
      await start();
    },
    do: submit,
    async register(...drafts) {
      await Promise.all(drafts.map((draft) => submit({ kind: 'register', draft, identical: 'replace' })));
    },
    view: (id) => registry.instance(instanceId(id)),
    discoverable: () =>
      [...registry.instances()]
        .filter((view) => view.discoverable)
        .map((view) => String(view.record.id))
        .toSorted(),
  };
}
