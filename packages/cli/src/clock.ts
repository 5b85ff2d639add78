/** Time as the core wants it: monotonic for leases, of the wall for display. */
import type { Clock } from '@rollcall/core';

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
