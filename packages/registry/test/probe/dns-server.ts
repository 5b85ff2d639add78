/** A DNS server over UDP for tests: answers from a table, with "no such name", or not at all. */
import { createSocket } from 'node:dgram';

export type DnsRecord = { readonly a?: readonly string[]; readonly aaaa?: readonly string[] } | 'silent' | 'broken';

export interface DnsServer {
  /** As the resolver takes it. */
  readonly address: string;
  /** Names in lower case; what is not in it does not exist. May be changed at any time. */
  readonly names: Map<string, DnsRecord>;
  /** Every question, as `name A` or `name AAAA`. */
  readonly asked: string[];
  close(): Promise<void>;
}

const TYPE_A = 1;
const TYPE_AAAA = 28;

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const names = new Map<string, DnsRecord>();
  const asked: string[] = [];

  socket.on('message', (question, from) => {
    const { name, type, end } = readQuestion(question);
    asked.push(`${name} ${type === TYPE_AAAA ? 'AAAA' : 'A'}`);
    const record = names.get(name);
    if (record === 'silent') return;
    socket.send(answer(question.subarray(0, end), type, record), from.port, from.address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${socket.address().port}`,
    names,
    asked,
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

function readQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function answer(question: Buffer, type: number, record: Exclude<DnsRecord, 'silent'> | undefined): Buffer {
  const addresses = record === undefined || record === 'broken' ? [] : ((type === TYPE_AAAA ? record.aaaa : record.a) ?? []);
  const head = Buffer.from(question);
  const code = record === 'broken' ? 2 : record === undefined ? 3 : 0;
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  return Buffer.concat([head, ...addresses.map((address) => resource(type, address))]);
}

function resource(type: number, address: string): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** Of an address whose eight groups are all written out. */
function ipv6Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  for (const [index, group] of address.split(':').entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}
