/**
 * The log: one line a thing that happened. JSON with the original service-registry's fields (`timestamp`, `level` as a
 * word, `service`, `message`, and `service_id`, `service_name` where there is one); readable text on a terminal.
 *
 * Pretty printing runs in this thread: a worker of its own could lose the last lines before the exit.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../config/levels.ts';
import { createStdoutWriter, type LogWriter } from './writer.ts';

export type Log = Logger;

export interface LogOptions {
  readonly level: LogLevel;
  /** Readable text instead of JSON. */
  readonly readable: boolean;
  readonly colours: boolean;
  /** Standard output unless given. */
  readonly writer?: LogWriter;
}

export interface OpenLog {
  readonly log: Log;
  /** Resolves when what was logged is out, or after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}

export async function openLog({ level, readable, colours, writer = createStdoutWriter() }: LogOptions): Promise<OpenLog> {
  const destination: DestinationStream = readable ? await prettyDestination(writer, colours) : writer;
  const log = pino(
    {
      level: level === 'off' ? 'silent' : level,
      messageKey: 'message',
      errorKey: 'error',
      base: { service: 'service-registry' },
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return { log, drain: (deadlineMs) => writer.drain(deadlineMs) };
}

/** Loaded only where it is used: it costs a tenth of a second. */
async function prettyDestination(writer: LogWriter, colours: boolean): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: colours,
    messageKey: 'message',
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'service',
    singleLine: true,
  });
  return { write: (line) => writer.write(pretty(line) ?? line) };
}
