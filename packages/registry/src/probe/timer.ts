/** The timer that the scheduler sleeps by: a port, so that scheduling runs on simulated time too. */
export interface Timer {
  /** Runs once after `delayMs` (0: in a later turn of the event loop). Returns the way to cancel it. */
  after(delayMs: number, run: () => void): () => void;
}

const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemTimer: Timer = {
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.ceil(delayMs), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
