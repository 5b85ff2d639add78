/**
 * What each command comes to, by the plain rules of the contract. Part of the naive registry, see `naive.ts`.
 */
import type { CheckState, Command, InstanceDraft, IntentKind, IntentTarget } from '@rollcall/core';

export interface NaiveInstance {
  draft: InstanceDraft;
  registeredAtMs: number;
  /** Tells an instance from one of the same id that was there before, and a check from one that was replaced. */
  incarnation: number;
  /** Moves with every change of the draft, as the revision does. */
  version: number;
  order: number;
  /** Lease time of the last renewal; wall time beside it. */
  renewedMs: number;
  heardAtMs: number;
  heard: boolean;
  late: boolean;
  inGrace: boolean;
  /** Its lease ran out, as a tick has seen. */
  lapsed: boolean;
  checks: CheckState[];
  probes: Probe[];
}

export interface Probe {
  state: CheckState;
  streak: number;
  falls: number;
  fellAtMs: number;
  output?: string;
}

export interface NaiveIntent {
  readonly target: IntentTarget;
  readonly intent: IntentKind;
  readonly reason?: string;
}

export interface NaiveState {
  instances: Map<string, NaiveInstance>;
  gone: Map<string, { instance: NaiveInstance; goneAtMs: number }>;
  intents: Map<string, NaiveIntent>;
}

/** What a command came to: `done`, `registered`, `created`, or the code of a refusal. */
export type NaiveOutcome = string;

export type Act = (state: NaiveState, real: boolean) => void;
export type NaiveCommand =
  | Exclude<Command, { kind: 'lapse' | 'hold' | 'forget' | 'check' }>
  | { readonly kind: 'observed'; readonly id: string; readonly incarnation: number; readonly check: number; readonly state: CheckState };

export interface Lapse {
  readonly id: string;
  readonly renewedMs: number;
}

/** What the rules need to know beside the state. */
export interface Surroundings {
  readonly instances: number;
  readonly checkedPerAddress: number;
  readonly wallMs: () => number;
  /** Lease time at the last tick, and at this moment. */
  readonly nowMs: () => number;
  readonly currentMs: () => number;
  /** Numbers that grow. */
  readonly next: () => number;
  readonly submit: (command: NaiveCommand) => void;
}

export function renew(instance: NaiveInstance, { currentMs, wallMs }: Pick<Surroundings, 'currentMs' | 'wallMs'>): void {
  instance.renewedMs = currentMs();
  instance.heardAtMs = wallMs();
  instance.lapsed = false;
  instance.inGrace = false;
}

/** Decides one command against `copy`, changes it, and leaves in `acts` what is to be done once it is durable. */
export function decide(
  around: Surroundings,
  copy: NaiveState,
  command: NaiveCommand,
  stored: Act[],
  unstored: Act[],
  deletes: Set<string>,
): NaiveOutcome {
  const { wallMs, next } = around;
  function act(how: Act, list = stored): void {
    how(copy, false);
    list.push(how);
  }
  function livesByChecks({ draft, heard }: NaiveInstance): boolean {
    return draft.lease.renewedBy === 'check' && !heard;
  }
  function remove(id: string): void {
    deletes.add(id);
    act((s) => s.instances.delete(id));
  }
  function keepAlive(id: string, byClient: boolean, also: Partial<InstanceDraft> = {}): void {
    const instance = copy.instances.get(id);
    if (instance === undefined) return;
    const changes =
      instance.late ||
      (byClient && livesByChecks(instance)) ||
      Object.entries(also).some(([field, value]) => instance.draft[field as keyof InstanceDraft] !== value);
    const version = next();
    act(
      (s) => {
        const at = s.instances.get(id);
        if (at === undefined) return;
        if (!same(at.draft, { ...at.draft, ...also })) at.version = version;
        at.draft = { ...at.draft, ...also };
        if (changes) at.late = false;
        if (changes && byClient) at.heard = true;
        renew(at, around);
      },
      changes ? stored : unstored,
    );
  }
  const existing = 'id' in command ? copy.instances.get(command.id) : undefined;

  switch (command.kind) {
    case 'register': {
      const { draft } = command;
      const before = copy.instances.get(draft.id);
      if (before !== undefined && before.draft.dialect !== draft.dialect) return 'other-dialect';
      if (before === undefined && copy.instances.size >= around.instances) return 'limit-reached';
      if (before !== undefined && command.identical === 'keep' && same(before.draft, draft)) {
        const wasLate = before.late;
        act(
          (s) => {
            const at = s.instances.get(draft.id);
            if (at === undefined) return;
            at.late = false;
            renew(at, around);
          },
          wasLate ? stored : unstored,
        );
        return 'registered';
      }
      put(draft, before, true, wallMs(), before === undefined ? copy.gone.get(draft.id)?.instance.order : before.order);
      if (before === undefined) {
        const there = [...copy.instances.values()]
          .filter((at) => livesByChecks(at) && at.draft.service === draft.service && sameAddress(at.draft, draft))
          .toSorted((a, b) => a.order - b.order);
        if (draft.lease.renewedBy === 'check') {
          for (const at of there.slice(0, Math.max(there.length - around.checkedPerAddress, 0))) remove(at.draft.id);
        }
      }
      return before === undefined ? 'created' : 'registered';
    }
    case 'update': {
      if (existing === undefined) return 'unknown-instance';
      if (command.ifRevision !== undefined && command.ifRevision !== existing.version) return 'revision-moved';
      const changed = Object.entries(command.patch).some(([field, value]) => !same(existing.draft[field as keyof InstanceDraft], value));
      if (changed) put({ ...existing.draft, ...command.patch }, existing, command.renews, existing.registeredAtMs, existing.order);
      else if (command.renews) keepAlive(command.id, false);
      return 'done';
    }
    case 'deregister': {
      if (copy.gone.has(command.id)) act((s) => s.gone.delete(command.id));
      if (existing === undefined) return 'unknown-instance';
      remove(command.id);
      return 'done';
    }
    case 'intent':
      return intend(command);
    case 'heartbeat': {
      const also = command.declaredStatus === undefined ? {} : { declaredStatus: command.declaredStatus };
      const gone = copy.gone.get(command.id)?.instance;
      if (existing === undefined && gone === undefined) return 'unknown-instance';
      if (existing === undefined && gone !== undefined && copy.instances.size >= around.instances) return 'limit-reached';
      if (existing === undefined && gone !== undefined) {
        const [incarnation, version] = [next(), next()];
        act((s) => {
          const heard = gone.heard || command.by === 'client';
          const probes = gone.checks.map(newProbe);
          const back = { ...gone, draft: { ...gone.draft, ...also }, heard, late: false, lapsed: false, incarnation, version, probes };
          s.gone.delete(command.id);
          s.instances.set(command.id, back);
          renew(back, around);
        });
      } else keepAlive(command.id, command.by === 'client', also);
      return 'done';
    }
    case 'observed': {
      const at = copy.instances.get(command.id);
      if (at === undefined || at.incarnation !== command.incarnation || at.checks[command.check] === command.state) return 'done';
      act((s) => {
        const real = s.instances.get(command.id);
        if (real !== undefined) real.checks[command.check] = command.state;
      });
      return 'done';
    }
  }

  function put(draft: InstanceDraft, before: NaiveInstance | undefined, renews: boolean, registeredAtMs: number, order = next()): void {
    const sameTarget = before !== undefined && same(before.draft.address, draft.address) && before.draft.url === draft.url;
    const moved = command.kind === 'register' || !sameTarget || !same(before.draft.checks, draft.checks);
    const incarnation = moved ? next() : before.incarnation;
    const version = next();
    act((s) => {
      const at = s.instances.get(draft.id);
      const carried = draft.checks.map((spec): CheckState => {
        const old = sameTarget ? (at?.draft.checks.findIndex((candidate) => same(candidate, spec)) ?? -1) : -1;
        return at?.checks[old] ?? 'unknown';
      });
      const after: NaiveInstance = {
        draft,
        registeredAtMs,
        incarnation,
        version,
        order,
        renewedMs: at?.renewedMs ?? 0,
        heardAtMs: at?.heardAtMs ?? 0,
        heard: at?.heard ?? false,
        late: renews ? false : (at?.late ?? false),
        inGrace: at?.inGrace ?? false,
        lapsed: at?.lapsed ?? false,
        checks: carried,
        probes: moved ? carried.map(newProbe) : (at?.probes ?? []),
      };
      if (renews) renew(after, around);
      s.gone.delete(draft.id);
      s.instances.set(draft.id, after);
    });
  }

  function intend({ target, intent, reason }: Extract<Command, { kind: 'intent' }>): NaiveOutcome {
    const instance = target.kind === 'instance' ? copy.instances.get(target.id) : undefined;
    if (target.kind === 'instance' && instance === undefined) return 'unknown-instance';
    if (intent === 'serving') {
      const lifted = [target];
      if (instance !== undefined) lifted.push(addressOf(instance.draft));
      for (const each of lifted) if (copy.intents.has(targetText(each))) act((s) => s.intents.delete(targetText(each)));
    } else {
      const before = copy.intents.get(targetText(target));
      if (before?.intent === intent && before.reason === reason) return 'done';
      const wanted = { target, intent, ...(reason === undefined ? {} : { reason }) };
      act((s) => s.intents.set(targetText(target), wanted));
    }
    return 'done';
  }
}

export function decideLapse(around: Surroundings, copy: NaiveState, lapse: Lapse, stored: Act[], deletes: Set<string>): void {
  const at = copy.instances.get(lapse.id);
  if (at === undefined || !at.lapsed || at.renewedMs !== lapse.renewedMs) return;
  const { lease } = at.draft;
  if (around.nowMs() - at.renewedMs >= lease.removeAfterMs) {
    deletes.add(lapse.id);
    const goneAtMs = around.wallMs();
    const how: Act = (s) => {
      const instance = s.instances.get(lapse.id);
      s.instances.delete(lapse.id);
      if (instance !== undefined && lease.revivable) s.gone.set(lapse.id, { instance: { ...instance, late: false }, goneAtMs });
    };
    how(copy, false);
    stored.push(how);
  } else if (!at.late) {
    stored.push((s, real) => {
      const instance = s.instances.get(lapse.id);
      if (instance === undefined) return;
      instance.late = true;
      if (real && !instance.lapsed) around.submit({ kind: 'heartbeat', id: instance.draft.id, by: 'check' });
      instance.lapsed = false;
    });
    at.late = true;
  }
}

export function newProbe(state: CheckState): Probe {
  return { state, streak: 0, falls: 0, fellAtMs: Number.NEGATIVE_INFINITY };
}

export function addressOf({ service, address: { host, port } }: InstanceDraft): IntentTarget {
  return { kind: 'address', service, host, port };
}

function sameAddress(a: InstanceDraft, b: InstanceDraft): boolean {
  return a.address.host === b.address.host && a.address.port === b.address.port;
}

/** Drafts are built with their keys in one order. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function targetText(target: IntentTarget): string {
  return target.kind === 'instance' ? target.id : `${target.service} ${target.host}:${target.port}`;
}
