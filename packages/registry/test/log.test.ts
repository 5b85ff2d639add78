/** The log: its fields, and that no reader of it, slow or gone, can stop or end the program. Real processes and pipes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createWriter } from '../src/log/writer.ts';

const program = fileURLToPath(new URL('./fixtures/logging-program.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Logs `lines` lines, drains, says `done` on standard error, and ends. */
function logging(lines: number, mode: 'json' | 'readable' | 'coloured', stdout: 'pipe' | number): ChildProcess {
  const child = spawn(process.execPath, [program, String(lines), mode], { stdio: ['ignore', stdout, 'pipe'] });
  children.push(child);
  return child;
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (piece) => {
    out += String(piece);
  });
  child.stderr?.on('data', (piece) => {
    err += String(piece);
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

describe('lines', () => {
  test('have the fields of the original service-registry, the level as a word', async () => {
    const { out } = await endOf(logging(2, 'json', 'pipe'));
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'info',
      service: 'service-registry',
      message: 'Service registered',
      service_id: 'id-0',
      service_name: 'svc',
    });
  });

  test('are readable on request, and coloured only when asked for', async () => {
    const readable = (await endOf(logging(1, 'readable', 'pipe'))).out;
    expect(readable).toContain('INFO');
    expect(readable).toContain('Service registered');
    expect(readable).not.toContain('\u001b[');
    expect((await endOf(logging(1, 'coloured', 'pipe'))).out).toContain('\u001b[');
  });

  test('are all there after the end, however many', async () => {
    const { out, code } = await endOf(logging(20_000, 'json', 'pipe'));
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toHaveLength(20_000);
  });
});

describe('a reader', () => {
  test('that is gone ends the logging and nothing else', async () => {
    const child = logging(50_000, 'json', 'pipe');
    child.stdout?.destroy();
    const { code, err } = await endOf(child);
    expect({ code, err }).toEqual({ code: 0, err: 'done\n' });
  });

  test('that stalls does not keep the program from its end', async () => {
    const child = logging(50_000, 'json', 'pipe');
    child.stdout?.pause();
    const [text] = await once(child.stderr ?? child, 'data');
    expect(String(text)).toBe('done\n');
  });

  test('a full disk costs lines, not the program', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { code, err } = await endOf(logging(1_000, 'json', full));
      expect({ code, err }).toEqual({ code: 0, err: 'done\n' });
    } finally {
      closeSync(full);
    }
  });

  test('who comes back is told how many lines were lost', () => {
    const taken: string[] = [];
    let takes = false;
    const writer = createWriter({
      put(text) {
        if (takes) taken.push(text);
        return takes;
      },
      waitingBytes: () => 0,
    });
    const big = `${'x'.repeat(70_000)}\n`;
    writer.write(big);
    writer.write(big);
    takes = true;
    writer.write(big);
    expect(writer.dropped).toBe(2);
    expect(taken.join('')).toContain('2 log lines were dropped');
    writer.write(big);
    expect(taken.join('').match(/were dropped/g)).toHaveLength(1);
  });
});
