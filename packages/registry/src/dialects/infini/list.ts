/**
 * `GET /services`: every instance of every dialect, or those that a filter lets through. `?healthy=true` is what the
 * original router polls.
 *
 * Up to `STREAMED_OVER` instances the answer is made at once and kept while nothing changes; beyond, it is made in pieces
 * as the client takes them, so that neither memory nor the event loop ever holds all of it.
 */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { InstanceView } from '@rollcall/core';
import type { FastifyReply } from 'fastify';
import { createAnswerCache } from '../../server/answer-cache.ts';
import type { DialectContext } from '../../server/dialect.ts';
import { JSON_TYPE } from '../../server/errors.ts';
import type { ListFilter } from './decode.ts';
import { encodeInfo, rfc3339, shownStatus } from './encode.ts';

/** Instances in the registry above which a list is streamed. */
const STREAMED_OVER = 5_000;
/** Instances looked at for one piece. */
const PIECE = 500;

export function createList({ registry, clock }: DialectContext): (reply: FastifyReply, filter: ListFilter) => FastifyReply {
  const answers = createAnswerCache(clock);

  return (reply, filter) => {
    reply.type(JSON_TYPE);
    const pieces = () => listPieces(registry.instances(), filter, clock.wallMs());
    if (registry.counts.instances > STREAMED_OVER) return reply.send(streamed(pieces()));
    const key = `${filter.healthy} ${filter.status ?? ''}`;
    return reply.send(answers.get(key, registry.epoch, () => [...pieces()].join('')));
  };
}

/** The answer's text, in pieces; the last one has the total. */
function* listPieces(views: Iterable<InstanceView>, filter: ListFilter, nowMs: number): Generator<string, undefined> {
  let piece = '{"services":[';
  let seen = 0;
  let total = 0;
  for (const view of views) {
    if (matches(view, filter)) {
      piece += `${total === 0 ? '' : ','}${JSON.stringify(encodeInfo(view))}`;
      total += 1;
    }
    seen += 1;
    if (seen % PIECE !== 0) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}],"total":${total},"timestamp":"${rfc3339(nowMs)}"}`;
  return undefined;
}

/** What is in `is_healthy` and `status` of an entry. */
function matches(view: InstanceView, { healthy, status }: ListFilter): boolean {
  return (!healthy || view.discoverable) && (status === undefined || shownStatus(view) === status);
}

/** After each piece everything else that waits gets its turn. */
function streamed(pieces: Iterable<string>): Readable {
  async function* paced(): AsyncGenerator<string, undefined> {
    for (const piece of pieces) {
      if (piece !== '') yield piece;
      await setImmediate();
    }
    return undefined;
  }
  return Readable.from(paced(), { objectMode: false });
}
