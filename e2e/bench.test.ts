/** The benchmark runs: every case, at a tiny size, with its floor. What it measures then means nothing, and nothing is judged. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needs } from '@rollcall/testkit';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../bench/run.ts', import.meta.url));

test('every case of the benchmark runs and has its row', async (context) => {
  needs.command(context, 'command -v wrk', 'apt-get install wrk');
  needs.command(
    context,
    '/usr/bin/python3 -c "import fastapi, uvicorn, uvloop, httptools"',
    'apt-get install python3-fastapi uvicorn python3-uvloop python3-httptools',
  );
  const { stdout } = await run(process.execPath, [script, '--smoke'], { timeout: 170_000 });
  for (const what of ['read, 10 instances', 'read, 1,000 instances', 'heartbeat, 100,000', 'FastAPI', 'registrations, 1000 at once'])
    expect(stdout).toContain(what);
}, 180_000);

test('a case that does not exist is named', async () => {
  await expect(run(process.execPath, [script, 'nothing'])).rejects.toMatchObject({ code: 2, stderr: 'bench: there is no case nothing\n' });
});
