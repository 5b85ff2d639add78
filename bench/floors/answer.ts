/**
 * The least that can answer over HTTP in Node: a bare `node:http` server that gives the same bytes to everything.
 *
 * `answer` does nothing else; `read` takes the request's body in first; `parse` also parses it as JSON. The answer, headers
 * included, is one that the registry gave, in the file named by the second argument.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Captured } from '../lib/capture.ts';

const [mode = 'answer', file = ''] = process.argv.slice(2);
const { status, headers, body } = JSON.parse(readFileSync(file, 'utf8')) as Captured;
const bytes = Buffer.from(body);
const answers = { answer, read, parse };

function answer(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(status, [...headers]);
  response.end(bytes);
}

function read(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => answer(request, response));
}

function parse(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    // Read, so that it is not optimised away.
    const { service_name: name } = JSON.parse(Buffer.concat(pieces).toString()) as { service_name: string };
    if (name.length === 0) throw new Error('no name');
    answer(request, response);
  });
}

const server = createServer(answers[mode as keyof typeof answers]);
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
process.once('SIGTERM', () => process.exit(0));
