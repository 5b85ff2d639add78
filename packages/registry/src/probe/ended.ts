/** Waiting that ends when a signal does: the one way in which probes obey theirs. */

/** As `work` settles, or rejects with the signal's reason as soon as it is aborted. What `work` brings later is dropped. */
export async function orEnded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw endOf(signal);
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(endOf(signal));
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Why it was aborted, as an error. */
export function endOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
