/**
 * Runs a registry until it is told to stop: what `rollcall registry`, `rollcall up` and `infini-registry` share.
 *
 * Says in the log which addresses answer what, which of them everyone can reach, and which settings have no effect here.
 */
import type { ListenAddress, RegistryConfig } from '@rollcall/registry/config';
import { type Log, openLog } from '@rollcall/registry';
import { type DialectName, type ListenerPlan, type OpenListener, startRegistry } from './compose.ts';
import { explain } from './failure.ts';
import { runUntilSignal } from './run.ts';
import { useColours } from './terminal.ts';
import { version } from './version.ts';

export type { OpenListener } from './compose.ts';

const mainDialects = ['classic', 'native'] as const satisfies readonly DialectName[];
const infiniDialects = ['infini', 'native'] as const satisfies readonly DialectName[];

export function mainListeners(config: RegistryConfig): ListenerPlan[] {
  return [...config.bind.map((address) => ({ address, dialects: mainDialects })), ...infiniListeners(config)];
}

export function infiniListeners({ infiniBind }: RegistryConfig): ListenerPlan[] {
  return infiniBind === 'off' ? [] : [{ address: infiniBind, dialects: infiniDialects }];
}

export async function runRegistry(
  config: RegistryConfig,
  plans: readonly ListenerPlan[],
  opened: (listeners: readonly OpenListener[]) => void = () => undefined,
): Promise<void> {
  const readable = process.stdout.isTTY;
  const { log, drain } = await openLog({ level: config.logLevel, readable, colours: useColours(process.stdout, process.env) });
  logBugs(log, drain);
  await runUntilSignal(async () => {
    log.info({ version, node: process.versions.node, pid: process.pid, store: config.store }, 'Starting');
    tellWithoutEffect(config, log);
    const running = await startRegistry(config, plans, log);
    for (const listener of running.listeners) tellListener(listener, log);
    opened(running.listeners);
    return {
      async stop() {
        log.info('Stopping');
        await running.stop();
        log.info('Stopped');
      },
    };
  }, drain);
}

function tellListener({ url, dialects, address }: OpenListener, log: Log): void {
  log.info({ url, dialects }, 'Listening');
  if (isLoopback(address)) return;
  log.warn(
    { url },
    'Everyone who can reach this address can register and deregister services: this version has no tokens, so keep it inside a trusted network',
  );
}

function tellWithoutEffect({ hanaOdataUrl, loadBalancingStrategy, circuitBreaker }: RegistryConfig, log: Log): void {
  if (hanaOdataUrl !== undefined) log.warn('HANA_ODATA_URL is set, but sending logs there is not part of this version');
  if (loadBalancingStrategy !== undefined || circuitBreaker !== undefined) {
    log.info('load_balancing in the configuration file is for a router; a registry does nothing with it');
  }
}

function isLoopback({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** A bug ends the process, for what it left behind cannot be trusted; what is durable is there after a restart. */
function logBugs(log: Log, drain: (deadlineMs: number) => Promise<void>): void {
  const end = (error: unknown): void => {
    log.fatal({ error }, 'This is a bug; please report it');
    process.stderr.write(`${explain(error).text}\n`);
    void drain(500).finally(() => process.exit(70));
  };
  process.once('uncaughtException', end);
  process.once('unhandledRejection', end);
}
