/**
 * The registry against a naive one (`naive.ts`) under random sequences of everything that can happen to it, with commands
 * interleaved with commits in flight, failures of each kind, stalls, and restarts. After each step both must show the same,
 * and what watchers were told must lead to what is shown.
 */
import { createWorld, draftOf, shortLease, type World } from '@rollcall/testkit';
import fc from 'fast-check';
import { test } from 'vitest';
import { check, type Real } from './model-check.ts';
import { ask, steps } from './model-steps.ts';
import { createNaive } from './naive.ts';

type Naive = ReturnType<typeof createNaive>;
const RUNS = 250;
/** So many stay alive in each service that the mass-expiry guard has no reason to begin. */
const BALLAST = 8;
/** One less than there are ids. */
const LIMITS = { instances: BALLAST * 2 + 3, checkedPerAddress: 2 };

test('the registry shows what a naive one shows, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: 'max' }), async (commands) => {
      let tick = (): void => {};
      const world = await createWorld({ limits: LIMITS, onTick: () => tick() });
      const model = createNaive({ ...LIMITS, monotonicMs: world.clock.monotonicMs, wallMs: world.clock.wallMs });
      tick = () => model.tick();
      const real = await setup(world, model);
      await fc.asyncModelRun(() => ({ model, real }), commands);
    }),
    // A failure is shrunk for as long as this, and then shown with its seed.
    { numRuns: RUNS, plugins: [fc.interruptAfterTimeLimit(90_000)] },
  );
}, 150_000);

async function setup(world: World, model: Naive): Promise<Real> {
  const real: Real = {
    world,
    answers: new Map(),
    expected: new Map(),
    replica: new Map(),
    seenChanges: 0,
    lastRevision: 0,
    rows: new Map(),
    seenBatches: 0,
    told: [],
    shown: new Map(),
  };
  for (let count = 0; count < BALLAST * 2; count += 1) {
    const lease = { ...shortLease, ttlMs: 86_400_000, removeAfterMs: 86_400_000 };
    ask(model, real, {
      kind: 'register',
      draft: draftOf(`ballast${count}`, { service: count % 2 === 0 ? 'web' : 'db', lease }),
      identical: 'replace',
    });
  }
  await world.clock.advance(60_000);
  check(model, real);
  return real;
}
