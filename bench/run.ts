/**
 * `npm run bench [case…] [--rounds 5] [--seconds 4] [--smoke]`: measures each case beside its floor and prints one table of
 * ratios. See README.md for what the figures mean.
 *
 * Exit code: 0 when everything was measured, whether or not a target was reached; 1 when a case failed; 2 for wrong arguments.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fastapiCase } from './cases/fastapi.ts';
import { heartbeatCase } from './cases/heartbeat.ts';
import { lapseCase } from './cases/lapse.ts';
import { memoryCase } from './cases/memory.ts';
import { readCase } from './cases/read.ts';
import { readLargeCase } from './cases/read-large.ts';
import { registerCase } from './cases/register.ts';
import { restartCase } from './cases/restart.ts';
import { scaleCase } from './cases/scale.ts';
import { storeCase } from './cases/store.ts';
import type { Bench, Case, Row } from './lib/case.ts';
import { pinSelf } from './lib/pinned.ts';
import { isMissed, table, verdict } from './lib/table.ts';
import { needTools } from './lib/tools.ts';

const cases: readonly Case[] = [
  readCase,
  readLargeCase,
  heartbeatCase,
  fastapiCase,
  registerCase,
  storeCase,
  memoryCase,
  lapseCase,
  restartCase,
  scaleCase,
];

const SMOKE_SHARE = 1_000;
const SMOKE_AT_ONCE = 3;

interface Plan {
  readonly chosen: readonly Case[];
  readonly rounds: number;
  readonly seconds: number;
  readonly smoke: boolean;
}

async function main(): Promise<void> {
  const plan = readPlan();
  needTools();
  pinSelf();
  const results: Result[] = [];
  const waiting = [...plan.chosen];
  async function runAll(): Promise<void> {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) results.push(await runCase(plan, item));
  }
  // A smoke run measures nothing, so its cases need not wait for one another.
  await Promise.all(Array.from({ length: plan.smoke ? SMOKE_AT_ONCE : 1 }, runAll));
  const rows = results.flatMap((result) => result.rows);
  console.log(`\n${machine()}; ${plan.rounds} rounds of ${plan.seconds} s${plan.smoke ? ' (smoke: the figures mean nothing)' : ''}\n`);
  const file = write(plan, rows);
  if (rows.length > 0) console.log(plan.smoke ? table(rows) : `${table(rows)}\n\n${verdict(rows)}`);
  console.log(`Written to ${file}`);
  for (const { failure } of results) if (failure !== undefined) console.error(`FAILED ${failure}`);
  process.exitCode = results.every(({ failure }) => failure === undefined) ? 0 : 1;
}

interface Result {
  readonly rows: readonly Row[];
  readonly failure?: string;
}

async function runCase(plan: Plan, item: Case): Promise<Result> {
  console.log(`${item.name}: ${item.title}`);
  const scratch = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  try {
    return { rows: await item.run(benchFor(plan, item, scratch)) };
  } catch (error) {
    return { rows: [], failure: `${item.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readPlan(): Plan {
  const options = {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    smoke: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help === true) usage(0);
    const chosen = positionals.map((name) => {
      const found = cases.find((item) => item.name === name);
      if (found === undefined) throw new Error(`there is no case ${name}`);
      return found;
    });
    const smoke = values.smoke === true;
    return {
      chosen: chosen.length === 0 ? cases : chosen,
      rounds: whole('rounds', values.rounds ?? (smoke ? '1' : '5')),
      seconds: whole('seconds', values.seconds ?? (smoke ? '1' : '4')),
      smoke,
    };
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return usage(2);
  }
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number from 1 on, not ${text}`);
  return value;
}

function usage(code: number): never {
  console.log('npm run bench -- [case…] [--rounds 5] [--seconds 4] [--smoke]\n');
  for (const { name, title } of cases) console.log(`  ${name.padEnd(12)} ${title}`);
  process.exit(code);
}

function benchFor({ rounds, seconds, smoke }: Plan, { name }: Case, scratch: string): Bench {
  return {
    rounds,
    seconds,
    scratch,
    smoke,
    size: (wanted) => (smoke ? Math.max(Math.floor(wanted / SMOKE_SHARE), 10) : wanted),
    note: (text) => console.log(`  ${name}: ${text}`),
  };
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

function write({ rounds, seconds, smoke }: Plan, rows: readonly Row[]): string {
  const dir = fileURLToPath(new URL('./results/', import.meta.url));
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${new Date().toISOString().replaceAll(':', '-')}.json`);
  const judged = rows.map((row) => ({ ...row, missed: isMissed(row) }));
  writeFileSync(file, `${JSON.stringify({ machine: machine(), rounds, seconds, smoke, rows: judged }, undefined, 2)}\n`);
  return file;
}

await main();
