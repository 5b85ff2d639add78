/**
 * A database file's pages as its log leaves them, read without SQLite: for a file that SQLite refuses.
 *
 * The log is followed as SQLite does it: frames count while their salts and running checksums hold, up to the last one that
 * ends a transaction. Format: https://sqlite.org/fileformat2.html
 * Bound: one number for each page in the log.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_BYTES } from './database.ts';

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const LOG_MAGIC = 0x377f_0682;

export interface Pages {
  /** Pages are numbered from 1. */
  readonly count: number;
  /** Undefined past the end. The buffer is the caller's. */
  read(page: number): Buffer | undefined;
  close(): void;
}

export function openPages(database: string, wal: string): Pages {
  const file = openIfThere(database);
  const log = openIfThere(wal);
  const inLog = log === undefined ? new Map<number, number>() : logged(log);
  const inFile = file === undefined ? 0 : Math.floor(fstatSync(file).size / PAGE_BYTES);

  return {
    count: [...inLog.keys()].reduce((most, page) => Math.max(most, page), inFile),
    read(page) {
      const at = inLog.get(page);
      if (at !== undefined && log !== undefined) return readAt(log, at, PAGE_BYTES);
      return file === undefined ? undefined : readAt(file, (page - 1) * PAGE_BYTES, PAGE_BYTES);
    },
    close() {
      if (file !== undefined) closeSync(file);
      if (log !== undefined) closeSync(log);
    },
  };
}

/** Where in the log the newest version of each page is. */
function logged(log: number): Map<number, number> {
  const committed = new Map<number, number>();
  const header = readAt(log, 0, LOG_HEADER_BYTES);
  if (header === undefined) return committed;
  const magic = header.readUInt32BE(0);
  if (magic >>> 1 !== LOG_MAGIC >>> 1 || header.readUInt32BE(8) !== PAGE_BYTES) return committed;
  const bigEndian = (magic & 1) === 1;
  let sum: Checksum = checksum(header.subarray(0, 24), [0, 0], bigEndian);
  if (sum[0] !== header.readUInt32BE(24) || sum[1] !== header.readUInt32BE(28)) return committed;

  let pending: [page: number, at: number][] = [];
  for (let at = LOG_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + PAGE_BYTES) {
    const frame = readAt(log, at, FRAME_HEADER_BYTES + PAGE_BYTES);
    if (frame === undefined || frame.compare(header, 16, 24, 8, 16) !== 0) return committed;
    sum = checksum(frame.subarray(FRAME_HEADER_BYTES), checksum(frame.subarray(0, 8), sum, bigEndian), bigEndian);
    if (sum[0] !== frame.readUInt32BE(16) || sum[1] !== frame.readUInt32BE(20)) return committed;
    pending.push([frame.readUInt32BE(0), at + FRAME_HEADER_BYTES]);
    if (frame.readUInt32BE(4) === 0) continue;
    for (const [page, where] of pending) committed.set(page, where);
    pending = [];
  }
}

type Checksum = readonly [number, number];

function checksum(bytes: Buffer, [first, second]: Checksum, bigEndian: boolean): Checksum {
  let a = first;
  let b = second;
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + b) >>> 0;
    b = (b + (bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function readAt(descriptor: number, position: number, bytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(bytes);
  return readSync(descriptor, buffer, 0, bytes, position) === bytes ? buffer : undefined;
}
