/**
 * The checksums that prove a row is what was written: SQLite reads a flipped byte back without a word.
 *
 * A row carries two CRC-32, one over its number and content, one over its number and the state beside it, so that a change
 * of state need not read the content again. Each kind of row begins from another value, so none passes for another kind.
 * Bound: a random alteration goes unnoticed once in 4 billion; one that is at most 32 bits long, never.
 */
import { crc32 } from 'node:zlib';

const STATE_SEED = 0x5354_4154;
const INTENT_SEED = 0x494e_5445;
const META_SEED = 0x4d45_5441;

const scratch = new Float64Array(3);
const scratchBytes = new Uint8Array(scratch.buffer);

/** Of the content as its UTF-8 bytes. */
export function contentCrc(row: number, content: string | Uint8Array): number {
  return crc32(content, rowSeed(row));
}

export function stateCrc(row: number, standing: number, goneAtMs: number): number {
  scratch[0] = row;
  scratch[1] = standing;
  scratch[2] = goneAtMs;
  return crc32(scratchBytes, STATE_SEED);
}

export function intentCrc(key: string, content: string): number {
  return crc32(content, crc32(key, INTENT_SEED));
}

export function metaCrc(fields: readonly (string | number)[]): number {
  return crc32(JSON.stringify(fields), META_SEED);
}

/** Rows up to 2^53 are told apart in both halves. */
function rowSeed(row: number): number {
  return (row ^ Math.floor(row / 0x1_0000_0000)) >>> 0;
}
