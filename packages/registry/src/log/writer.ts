/**
 * Where log lines go: standard output, in a way that can neither stop the program nor be stopped by its reader.
 *
 * Lines of one turn of the event loop are written together. A reader that stalls costs lines, not answers: beyond
 * `MAX_WAITING_BYTES` waiting in a pipe, lines are dropped, counted, and announced when the reader is back. A reader that
 * is gone (EPIPE) ends the logging and nothing else. A file or terminal that cannot be written to (disk full) costs the
 * lines of that time only.
 * Bound: 4 MiB waiting, and 64 KiB gathered within a turn.
 */
import { fstatSync, writeSync } from 'node:fs';

export interface LogWriter {
  /** `line` ends with a newline. */
  write(line: string): void;
  /** Resolves when everything is out, or after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
  /** Lines lost since the start. */
  readonly dropped: number;
}

const MAX_WAITING_BYTES = 4_194_304;
const GATHER_CHARS = 65_536;

interface Sink {
  /** Whether the sink took it. */
  put(text: string): boolean;
  waitingBytes(): number;
}

export function createStdoutWriter(): LogWriter {
  return createWriter(isPipe() ? pipeSink(process.stdout) : fileSink(1));
}

export function createWriter(sink: Sink): LogWriter {
  let gathered = '';
  let lines = 0;
  let scheduled = false;
  let dropped = 0;
  let announced = 0;

  function flush(): void {
    scheduled = false;
    if (lines === 0) return;
    const lost = dropped - announced;
    const notice =
      lost > 0 ? `${JSON.stringify({ level: 'warn', service: 'service-registry', message: `${lost} log lines were dropped` })}\n` : '';
    if (sink.put(notice + gathered)) announced += lost;
    else dropped += lines;
    gathered = '';
    lines = 0;
  }

  return {
    write(line) {
      gathered += line;
      lines += 1;
      if (gathered.length >= GATHER_CHARS) flush();
      else if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
    },
    async drain(deadlineMs) {
      flush();
      const until = performance.now() + deadlineMs;
      while (sink.waitingBytes() > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    get dropped() {
      return dropped;
    },
  };
}

/** Pipes and sockets: Node writes them without blocking, and keeps what the reader has not taken. */
export function pipeSink(stream: NodeJS.WriteStream | NodeJS.WritableStream): Sink {
  let alive = true;
  stream.on('error', () => {
    alive = false;
  });
  const waitingBytes = (): number => (alive && 'writableLength' in stream ? stream.writableLength : 0);
  return {
    put(text) {
      if (!alive || waitingBytes() > MAX_WAITING_BYTES) return false;
      stream.write(text);
      return true;
    },
    waitingBytes,
  };
}

/** Files and terminals. */
export function fileSink(fd: number): Sink {
  return {
    put(text) {
      try {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        return true;
      } catch {
        return false;
      }
    },
    waitingBytes: () => 0,
  };
}

function isPipe(): boolean {
  try {
    const kind = fstatSync(1);
    return kind.isFIFO() || kind.isSocket();
  } catch {
    return false;
  }
}
