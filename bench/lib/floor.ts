/** Starts the bare `node:http` server that answers as the registry was seen to. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Captured } from './capture.ts';
import { type Server, startServer } from './pinned.ts';

const file = fileURLToPath(new URL('../floors/answer.ts', import.meta.url));

/** `answer`: at once; `read`: after taking the body in; `parse`: after parsing it. */
export async function startFloor(mode: 'answer' | 'read' | 'parse', answer: Captured, scratch: string): Promise<Server> {
  const captured = join(scratch, `answer-${answers++}.json`);
  writeFileSync(captured, JSON.stringify(answer));
  return await startServer({ command: [process.execPath, file, mode, captured], portIn: printedPort });
}

let answers = 0;

export function printedPort(line: string): number | undefined {
  const [, port] = /^port (\d+)$/.exec(line) ?? [];
  return port === undefined ? undefined : Number(port);
}
