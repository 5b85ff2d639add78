/** The TCP probe: well when something accepts. The connection is reset at once, so that neither side keeps it waiting. */
import type { Aim } from './check-aim.ts';
import { dial } from './dial.ts';
import { type Outcome, passing } from './outcome.ts';

/** Rejects as `dial` does. */
export async function probeTcp(
  { port }: Extract<Aim, { kind: 'tcp' }>,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Outcome> {
  const socket = await dial(addresses, port, signal);
  socket.destroy();
  return passing('accepted');
}
