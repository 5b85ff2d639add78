/**
 * `GET /services`: every instance of every dialect, or those that a filter lets through. `?healthy=true` is what the
 * original router polls.
 *
 * Below `STREAMED_FROM` instances the answer is made at once and kept while nothing changes; from there on it is made in
 * pieces as the client takes them, so that neither memory nor the event loop ever holds all of it.
 */
import type { InstanceView } from '@rollcall/core';
import type { FastifyReply } from 'fastify';
import { createAnswerCache } from '../../server/answer-cache.ts';
import type { DialectContext } from '../../server/dialect.ts';
import { streamed, STREAMED_FROM } from '../../server/streamed.ts';
import { JSON_TYPE } from '../../server/errors.ts';
import type { ListFilter } from './decode.ts';
import { encodeInfo, rfc3339, shownStatus } from './encode.ts';

/** Instances looked at between two pauses. */
const LOOKED_AT = 500;
const PAUSE = '';

export function createList({ registry, clock }: DialectContext): (reply: FastifyReply, filter: ListFilter) => FastifyReply {
  const answers = createAnswerCache(clock);

  return (reply, filter) => {
    reply.type(JSON_TYPE);
    const pieces = () => listPieces(registry.instances(), filter, clock.wallMs());
    if (registry.counts.instances >= STREAMED_FROM) return reply.send(streamed(pieces()));
    const key = `${filter.healthy} ${filter.status ?? ''}`;
    return reply.send(answers.answer(key, registry, pieces));
  };
}

/** The answer's text, entry by entry; the total comes last. */
function* listPieces(views: Iterable<InstanceView>, filter: ListFilter, nowMs: number): Generator<string, undefined> {
  let seen = 0;
  let total = 0;
  yield '{"services":[';
  for (const view of views) {
    if (matches(view, filter)) {
      yield `${total === 0 ? '' : ','}${JSON.stringify(encodeInfo(view))}`;
      total += 1;
    }
    seen += 1;
    if (seen % LOOKED_AT === 0) yield PAUSE;
  }
  yield `],"total":${total},"timestamp":"${rfc3339(nowMs)}"}`;
  return undefined;
}

/** What is in `is_healthy` and `status` of an entry. */
function matches(view: InstanceView, { healthy, status }: ListFilter): boolean {
  return (!healthy || view.discoverable) && (status === undefined || shownStatus(view) === status);
}
