/**
 * Gathers rows into pieces and sends them on, no faster than they are taken: so a million rows are never in memory twice,
 * and the thread that takes them has its event loop between any two pieces.
 *
 * Bound: a piece is at most `PIECE_ROWS` rows and one row more than `PIECE_CHARS`; `PIECES_IN_FLIGHT` are on their way.
 */
import { type EncodedPiece, NUMBERS_A_ROW } from './messages.ts';
import type { SoundRow } from './scan.ts';

const PIECE_ROWS = 1_000;
const PIECE_CHARS = 1_000_000;
const PIECES_IN_FLIGHT = 4;

export interface Loader {
  /** A promise when the one who takes the pieces is behind. */
  add(row: SoundRow): Promise<void> | undefined;
  /** Sends what is left; resolves when all of it was taken. */
  end(): Promise<void>;
  /** One piece was taken. */
  taken(): void;
}

export function createLoader(send: (piece: EncodedPiece) => void): Loader {
  const numbers = new Float64Array(PIECE_ROWS * NUMBERS_A_ROW);
  let records = '';
  let rows = 0;
  let inFlight = 0;
  /** Waits until fewer than so many pieces are on their way. */
  let waiting: { readonly below: number; readonly goOn: () => void } | undefined;

  function fewerThan(below: number): Promise<void> | undefined {
    if (inFlight < below) return undefined;
    return new Promise((goOn) => {
      waiting = { below, goOn };
    });
  }

  function flush(): void {
    if (rows === 0) return;
    inFlight += 1;
    send({ numbers: numbers.slice(0, rows * NUMBERS_A_ROW), records: `${records}]` });
    rows = 0;
    records = '';
  }

  return {
    add({ row, content, standing, goneAtMs }) {
      records += (rows === 0 ? '[' : ',') + content;
      numbers[rows * NUMBERS_A_ROW] = row;
      numbers[rows * NUMBERS_A_ROW + 1] = standing;
      numbers[rows * NUMBERS_A_ROW + 2] = goneAtMs;
      rows += 1;
      if (rows < PIECE_ROWS && records.length < PIECE_CHARS) return undefined;
      flush();
      return fewerThan(PIECES_IN_FLIGHT);
    },
    async end() {
      flush();
      await fewerThan(1);
    },
    taken() {
      inFlight -= 1;
      if (waiting === undefined || inFlight >= waiting.below) return;
      const { goOn } = waiting;
      waiting = undefined;
      goOn();
    },
  };
}
