/**
 * The life of a command that runs until it is told to stop.
 *
 * SIGTERM or SIGINT stops it cleanly, exit 0. A second signal ends it at once, exit 1, but only a second or more after the
 * first: npm delivers one Ctrl-C twice within a millisecond. A signal during the start stops it as soon as it has started.
 */
export interface Running {
  /** Closes everything, within its own deadline. */
  stop(): Promise<void>;
}

const SECOND_SIGNAL_MS = 1_000;
/** After a clean stop; what still waits to be written then is for a reader that does not read. */
const DRAIN_MS = 1_000;

export async function runUntilSignal(start: () => Promise<Running>, drain: (deadlineMs: number) => Promise<void>): Promise<void> {
  const signalled = firstSignal();
  const running = await start();
  await signalled;
  await running.stop();
  await drain(DRAIN_MS);
  process.exit(0);
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        const nowMs = performance.now();
        if (firstAtMs !== undefined && nowMs - firstAtMs >= SECOND_SIGNAL_MS) process.exit(1);
        firstAtMs ??= nowMs;
        resolve();
      });
    }
  });
}
