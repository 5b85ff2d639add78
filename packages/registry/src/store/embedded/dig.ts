/**
 * Digs rows out of the pages of a broken database, whatever became of the tree above them.
 *
 * What it finds are candidates: only a checksum makes one a row, and the checksums tell the tables apart. Pages are blanked
 * when they are freed, so a deleted row is not found again. Format: https://sqlite.org/fileformat2.html
 * Bound: one row in memory, at most `MAX_ROW_BYTES`.
 */
import { PAGE_BYTES } from './database.ts';
import type { Pages } from './pages.ts';

const TABLE_LEAF = 0x0d;
/** More than any record may have. */
const MAX_ROW_BYTES = 16 * 1_048_576;

export interface FoundRow {
  readonly rowid: number;
  /** null, number, string or Buffer. */
  readonly columns: readonly unknown[];
}

export function* dig(pages: Pages): Generator<FoundRow> {
  // Page 1 holds the schema and no rows.
  for (let number = 2; number <= pages.count; number += 1) {
    const page = pages.read(number);
    if (page === undefined || page[0] !== TABLE_LEAF) continue;
    const cells = Math.min(page.readUInt16BE(3), (PAGE_BYTES - 8) >> 1);
    for (let cell = 0; cell < cells; cell += 1) {
      const found = readCell(pages, page, page.readUInt16BE(8 + 2 * cell));
      if (found !== undefined) yield found;
    }
  }
}

function readCell(pages: Pages, page: Buffer, at: number): FoundRow | undefined {
  try {
    const [bytes, afterBytes] = varint(page, at);
    const [rowid, start] = varint(page, afterBytes);
    if (bytes > MAX_ROW_BYTES || start >= PAGE_BYTES) return undefined;
    const payload = readPayload(pages, page, start, bytes);
    return payload === undefined ? undefined : { rowid, columns: readColumns(payload) };
  } catch (error) {
    // A position that points outside: not a cell.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readPayload(pages: Pages, page: Buffer, start: number, bytes: number): Buffer | undefined {
  const most = PAGE_BYTES - 35;
  if (bytes <= most) return start + bytes <= PAGE_BYTES ? page.subarray(start, start + bytes) : undefined;
  const least = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const wanted = least + ((bytes - least) % (PAGE_BYTES - 4));
  const local = wanted <= most ? wanted : least;
  const parts = [page.subarray(start, start + local)];
  let missing = bytes - local;
  let next = page.readUInt32BE(start + local);
  while (missing > 0) {
    const overflow = next === 0 ? undefined : pages.read(next);
    if (overflow === undefined) return undefined;
    parts.push(overflow.subarray(4, 4 + Math.min(missing, PAGE_BYTES - 4)));
    missing -= PAGE_BYTES - 4;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

function readColumns(payload: Buffer): unknown[] {
  const columns: unknown[] = [];
  const [headerBytes, afterHeader] = varint(payload, 0);
  let type = afterHeader;
  let value = headerBytes;
  while (type < headerBytes) {
    const [serial, afterType] = varint(payload, type);
    const bytes = valueBytes(serial);
    columns.push(readValue(payload, serial, value, bytes));
    type = afterType;
    value += bytes;
  }
  return columns;
}

function valueBytes(serial: number): number {
  if (serial >= 12) return Math.floor((serial - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][serial] ?? 0;
}

function readValue(payload: Buffer, serial: number, at: number, bytes: number): unknown {
  if (at + bytes > payload.length) throw new RangeError('a value beyond its row');
  if (serial >= 12) return serial % 2 === 0 ? payload.subarray(at, at + bytes) : payload.toString('utf8', at, at + bytes);
  switch (serial) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return payload.readIntBE(at, bytes);
    case 6:
      return Number(payload.readBigInt64BE(at));
    case 7:
      return payload.readDoubleBE(at);
    case 8:
      return 0;
    case 9:
      return 1;
    default:
      return null;
  }
}

/** The value and where it ends. */
function varint(bytes: Buffer, at: number): [value: number, end: number] {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes.readUInt8(at + index);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + index + 1];
  }
  return [value * 256 + bytes.readUInt8(at + 8), at + 9];
}
