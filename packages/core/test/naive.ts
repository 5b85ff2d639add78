/**
 * The registry by its plain rules: maps, copies, and every rule written as the contract says it, with no thought for speed.
 * What the model test compares the real one with. Knows nothing of slots, columns, flags or drafts.
 *
 * Left out: the mass-expiry guard (the model test keeps enough instances alive that it never begins; `guard.test.ts` has
 * it) and what happens after a day (`remembered` and `intents` have their own tests).
 */
import type { InstanceId } from '@rollcall/core';
import type { CommitFate } from '@rollcall/testkit';
import {
  type Act,
  addressOf,
  decide,
  decideLapse,
  type Lapse,
  type NaiveCommand,
  type NaiveInstance,
  type NaiveOutcome,
  type NaiveState,
  newProbe,
  renew as renewed,
  type Surroundings,
  targetText,
} from './naive-rules.ts';

interface Waiting {
  readonly command: NaiveCommand;
  readonly answer: (outcome: NaiveOutcome) => void;
}

interface Flight {
  readonly acts: readonly Act[];
  readonly deletes: ReadonlySet<string>;
  readonly answer: (outcome?: NaiveOutcome) => void;
}

export interface NaiveOptions {
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  readonly instances: number;
  readonly checkedPerAddress: number;
}

export function createNaive({ monotonicMs, wallMs, instances, checkedPerAddress }: NaiveOptions) {
  let state: NaiveState = { instances: new Map(), gone: new Map(), intents: new Map() };
  let nowMs = 0;
  let tickedAtMs = monotonicMs();
  let marked: Lapse[] = [];
  let lapses: Lapse[] = [];
  let queue: Waiting[] = [];
  let flight: Flight | undefined;
  let unknown: Flight | undefined;
  let failedAtMs: number | undefined;
  let unknownHappened = false;
  let numbers = 0;
  const fates: CommitFate[] = [];

  function currentMs(): number {
    return nowMs + Math.min(monotonicMs() - tickedAtMs, 200);
  }

  const around: Surroundings = {
    instances,
    checkedPerAddress,
    wallMs,
    currentMs,
    nowMs: () => nowMs,
    next: () => ++numbers,
    submit,
  };

  function renew(instance: NaiveInstance): void {
    renewed(instance, around);
  }

  function deadlineMs({ late, renewedMs, draft: { lease } }: NaiveInstance): number {
    return renewedMs + (late ? lease.removeAfterMs : lease.ttlMs);
  }

  function submit(command: NaiveCommand, answer: (outcome: NaiveOutcome) => void = () => {}): void {
    if (failedAtMs !== undefined) answer('unavailable');
    else queue.push({ command, answer });
  }

  /** Everything that can go on without time or the store does. */
  function pump(): void {
    while (flight === undefined && failedAtMs === undefined && (queue.length > 0 || lapses.length > 0)) {
      const taken = queue;
      const lapsing = lapses;
      queue = [];
      lapses = [];
      const copy = structuredClone(state);
      const stored: Act[] = [];
      const acts: Act[] = [];
      const deletes = new Set<string>();
      const outcomes = taken.map(({ command }) => {
        const mine: Act[] = [];
        const light: Act[] = [];
        const outcome = decide(around, copy, command, mine, light, deletes);
        stored.push(...mine);
        acts.push(...mine, ...light);
        return outcome;
      });
      const late: Act[] = [];
      for (const lapse of lapsing) decideLapse(around, copy, lapse, late, deletes);
      stored.push(...late);
      acts.push(...late);
      const answer = (outcome?: NaiveOutcome): void => taken.forEach((waiting, index) => waiting.answer(outcome ?? outcomes[index] ?? ''));
      flight = { acts, deletes, answer };
      if (stored.length === 0) complete('done');
      else if (naive.broken) complete('unavailable');
      else if (!naive.held) complete(fates.shift() ?? 'done');
    }
  }

  function complete(fate: CommitFate): void {
    if (flight === undefined) return;
    const ended = flight;
    flight = undefined;
    if (fate === 'done') {
      for (const act of ended.acts) act(state, true);
      ended.answer();
      return;
    }
    failedAtMs = monotonicMs();
    unknown = ended;
    unknownHappened = fate === 'happened';
    lapses = [];
    ended.answer(fate === 'unavailable' ? 'unavailable' : 'outcome-unknown');
    const refused = queue;
    queue = [];
    for (const { answer } of refused) answer('unavailable');
  }

  function recover(): void {
    failedAtMs = undefined;
    if (unknownHappened) for (const act of unknown?.acts ?? []) act(state, true);
    unknown = undefined;
    unknownHappened = false;
    for (const [id, at] of state.instances) if (at.lapsed) lapses.push({ id, renewedMs: at.renewedMs });
    for (const at of state.instances.values()) if (at.late && isAlive(at)) submit({ kind: 'heartbeat', id: at.draft.id, by: 'check' });
  }

  /** By its last renewal, whatever is stored. */
  function isAlive({ renewedMs, draft: { lease } }: NaiveInstance): boolean {
    return renewedMs + lease.ttlMs > nowMs;
  }

  const naive = {
    held: false,
    broken: false,
    get state() {
      return state;
    },
    get writable() {
      return failedAtMs === undefined;
    },
    /** Lease time. */
    get nowMs() {
      return nowMs;
    },
    deadlineMs,
    submit(command: NaiveCommand, answer: (outcome: NaiveOutcome) => void): void {
      submit(command, answer);
      pump();
    },
    /** As the registry's: at once, or later by `answer`. */
    heartbeat(id: InstanceId, declaredStatus: string | undefined, answer: (known: boolean) => void): void {
      const at = state.instances.get(id);
      if (at === undefined && !state.gone.has(id)) return answer(false);
      if (at !== undefined) {
        renew(at);
        const changes =
          at.late ||
          flight?.deletes.has(id) === true ||
          (declaredStatus !== undefined && declaredStatus !== at.draft.declaredStatus) ||
          (at.draft.lease.renewedBy === 'check' && !at.heard);
        if (!changes) return answer(true);
      }
      const command = { kind: 'heartbeat', id, by: 'client', ...(declaredStatus === undefined ? {} : { declaredStatus }) } as const;
      submit(command, (outcome) => answer(outcome === 'done' || (at !== undefined && outcome !== 'unknown-instance')));
      pump();
    },
    observe(id: InstanceId, check: number, passed: boolean): void {
      const at = state.instances.get(id);
      const probe = at?.probes[check];
      const spec = at?.draft.checks[check];
      if (at === undefined || probe === undefined || spec === undefined) return;
      const before = probe.state;
      const speaksFor = passed ? 'passing' : 'failing';
      probe.output = passed ? 'http 200' : 'refused';
      if (before === speaksFor) probe.streak = 0;
      else {
        probe.streak += 1;
        const recently = nowMs - probe.fellAtMs < 600_000;
        const held = recently ? 2 ** Math.min(Math.max(probe.falls - 1, 0), 5) : 1;
        const needed = !passed ? spec.fall : before === 'unknown' ? 1 : spec.rise * held;
        if (probe.streak >= needed) {
          probe.state = speaksFor;
          probe.streak = 0;
          if (!passed) {
            probe.falls = recently ? probe.falls + 1 : 1;
            probe.fellAtMs = nowMs;
          }
        }
      }
      if (probe.state !== before || probe.state !== at.checks[check]) {
        submit({ kind: 'observed', id, incarnation: at.incarnation, check, state: probe.state });
      }
      if (passed && at.draft.lease.renewedBy === 'check' && !at.heard) {
        renew(at);
        if (at.late || flight?.deletes.has(id) === true) submit({ kind: 'heartbeat', id, by: 'check' });
      }
      pump();
    },
    tick(): void {
      nowMs += Math.min(monotonicMs() - tickedAtMs, 200);
      tickedAtMs = monotonicMs();
      const due = marked.filter(({ id, renewedMs }) => {
        const at = state.instances.get(id);
        return at?.lapsed === true && at.renewedMs === renewedMs;
      });
      marked = [];
      for (const [id, at] of state.instances) {
        if (at.lapsed || deadlineMs(at) > nowMs) continue;
        at.lapsed = true;
        marked.push({ id, renewedMs: at.renewedMs });
      }
      if (failedAtMs === undefined) lapses.push(...due);
      if (failedAtMs !== undefined && !naive.broken && monotonicMs() >= failedAtMs + 250) recover();
      else if (failedAtMs !== undefined && monotonicMs() >= failedAtMs + 250) failedAtMs = monotonicMs();
      pump();
    },
    fate(...more: CommitFate[]): void {
      fates.push(...more);
    },
    finish(fate: CommitFate): void {
      complete(fate);
      pump();
    },
    /** As after `kill -9`: what is durable is all there is. */
    restart(inFlight: 'happened' | 'lost'): void {
      const last = flight ?? (unknownHappened ? unknown : undefined);
      if (last !== undefined && (unknownHappened || inFlight === 'happened')) for (const act of last.acts) act(state, false);
      state = structuredClone(state);
      [queue, lapses, marked, flight, unknown, failedAtMs, unknownHappened] = [[], [], [], undefined, undefined, undefined, false];
      [naive.held, naive.broken, fates.length, nowMs, tickedAtMs] = [false, false, 0, 0, monotonicMs()];
      for (const at of state.instances.values()) {
        at.renewedMs = at.late ? nowMs - at.draft.lease.ttlMs : nowMs;
        at.heardAtMs = wallMs();
        at.lapsed = false;
        at.incarnation = ++numbers;
        at.probes = at.checks.map(newProbe);
        const failing = at.draft.checks.some((spec, check) => spec.gates && at.checks[check] === 'failing');
        at.inGrace = !at.late && !failing;
      }
    },
    /** What must be seen of an instance. */
    see(at: NaiveInstance) {
      const byAddress = state.intents.get(targetText(addressOf(at.draft)));
      const intent = state.intents.get(targetText({ kind: 'instance', id: at.draft.id })) ?? byAddress;
      const failing = at.draft.checks.some((spec, check) => spec.gates && at.checks[check] === 'failing');
      const late = at.late || deadlineMs(at) <= nowMs;
      const kind = intent?.intent ?? 'serving';
      const own = at.draft.declaredStatus !== 'running' ? 'stopped' : late ? 'late' : failing ? 'failing' : 'up';
      const status = kind === 'serving' ? own : kind;
      return { status, discoverable: status === 'up', intent: kind, reason: intent?.reason };
    },
  };
  return naive;
}
