import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../program.ts';
import { DAMAGES } from './list.fixture.ts';
import {
  type Damage,
  EXPERTS,
  type Files,
  filesOfModel,
  INTERMEDIATE,
  type Model,
  TRIED,
  type Tried,
  wholeModel,
} from './model.fixture.ts';

/** How a command ended. */
export interface Outcome {
  readonly code: number;
  readonly text: string;
  /** What is wrong with that; null where nothing is. */
  readonly wrong: string | null;
}

export interface Row {
  readonly damage: Damage;
  readonly outcomes: Readonly<Record<Tried, Outcome>>;
}

/** Runs every command on every damage: one row a damage. Files are written to a folder that is removed again. */
export async function runDamages(damages: readonly Damage[] = DAMAGES): Promise<Row[]> {
  const work = mkdtempSync(join(tmpdir(), 'moe-loom-damages-'));
  const good = join(work, 'good');
  writeFiles(good, filesOfModel(wholeModel()));
  const rows: Row[] = [];
  try {
    for (const [at, damage] of damages.entries()) {
      const model = wholeModel();
      damage.model?.(model);
      const files = filesOfModel(model);
      damage.files?.(files);
      const bad = join(work, String(at));
      writeFiles(bad, files);
      const outcomes: Partial<Record<Tried, Outcome>> = {};
      for (const tried of TRIED) outcomes[tried] = await outcomeOf(tried, { damage, model, good, bad });
      rows.push({ damage, outcomes: outcomes as Record<Tried, Outcome> });
    }
    return rows;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function writeFiles(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
}

interface Case {
  readonly damage: Damage;
  readonly model: Model;
  readonly good: string;
  readonly bad: string;
}

function argumentsOf(tried: Tried, { good, bad }: Case): string[] {
  switch (tried) {
    case 'convert':
      return ['convert', bad, '--to', 'gate-up', '--out', `${bad}-out`];
    case 'ranks':
      return ['ranks', bad, '--framework', 'vllm', '--ep', '2'];
    case 'memory':
      return ['memory', bad, '--gpus', '2', '--ep', '2'];
    case 'compare':
      return ['compare', good, bad, '--values'];
    case 'parity':
      return ['parity', good, bad, '--layer', '1', '--tokens', '8'];
    case 'loads':
      return ['loads', bad, '--json'];
    default:
      return [tried, bad];
  }
}

async function outcomeOf(tried: Tried, given: Case): Promise<Outcome> {
  const { code, text } = await runInside([...argumentsOf(tried, given), '--quiet']);
  return { code, text, wrong: wrongOf(tried, code, text, given) };
}

function wrongOf(tried: Tried, code: number, text: string, { damage, model, bad }: Case): string | null {
  const right = damage.right?.includes(tried) ?? false;
  if (/\[internal\]/.test(text)) return 'ends in [internal]';
  if (tried === 'inspect' && damage.says !== null && !damage.says.test(text)) return `does not say ${damage.says}`;
  if (tried === 'loads') return loadsWrong(code, text, right);
  if (code !== 0) return null;
  if (!right) return 'exit 0';
  return tried === 'convert' && !isFaithful(`${bad}-out`, model) ? 'other bytes' : null;
}

/** A good verdict on a checkpoint that nobody loads whole. */
function loadsWrong(code: number, text: string, right: boolean): string | null {
  if (code !== 0 || right) return null;
  const { consumers } = JSON.parse(text) as { consumers: { id: string; verdict: string }[] };
  const good = consumers.filter(({ verdict }) => verdict === 'loads' || verdict === 'loads-converting');
  return good.length > 0 ? `loads in ${good.map(({ id }) => id).join(', ')}` : null;
}

/** True when each joined tensor of an output holds the rows of gate, then those of up, expert by expert. */
function isFaithful(folder: string, model: Model): boolean {
  const own = new Map([...model.shards.values()].flat().map(({ name, bytes }) => [name, bytes]));
  const apart = (layer: number, expert: number, projection: string) =>
    own.get(`model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`) ??
    own.get(`model.layers.${layer}.mlp.experts.${projection}_proj.${expert}.weight`) ??
    own.get(`model.layers.${layer}._checkpoint_wrapped_module.mlp.experts.${expert}.${projection}_proj.weight`);
  const joined = [...tensorsIn(folder)].filter(([name]) => name.endsWith('.experts.gate_up_proj'));
  return (
    joined.length > 0 &&
    joined.every(([name, { shape, bytes }]) => {
      const layer = Number(/layers\.(\d+)\./.exec(name)?.[1]);
      const wanted = Array.from({ length: EXPERTS }, (_, expert) =>
        ['gate', 'up'].map((projection) => apart(layer, expert, projection) ?? new Uint8Array()),
      );
      return shape[1] === 2 * INTERMEDIATE && Buffer.concat(wanted.flat()).equals(bytes);
    })
  );
}

function tensorsIn(folder: string): Map<string, { readonly shape: readonly number[]; readonly bytes: Uint8Array }> {
  const found = new Map<string, { shape: number[]; bytes: Uint8Array }>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.safetensors'))) {
    const all = readFileSync(join(folder, file));
    const start = 8 + Number(all.readBigUInt64LE(0));
    const { __metadata__, ...header } = JSON.parse(all.subarray(8, start).toString('utf8'));
    for (const [name, { shape, data_offsets }] of Object.entries<{ shape: number[]; data_offsets: [number, number] }>(
      header,
    ))
      found.set(name, { shape, bytes: all.subarray(start + data_offsets[0], start + data_offsets[1]) });
  }
  return found;
}

/** The command line in this process: its exit code, and what it prints on both streams. */
async function runInside(args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const { stdout, stderr } = process;
  const before = { exitCode: process.exitCode, out: stdout.write, err: stderr.write };
  const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => [name, process.listeners(name)] as const);
  let text = '';
  const keep = (chunk: string | Uint8Array) => {
    text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    return true;
  };
  try {
    process.exitCode = 0;
    stdout.write = keep as typeof stdout.write;
    stderr.write = keep as typeof stderr.write;
    await runProgram(args);
    return { code: Number(process.exitCode), text };
  } finally {
    stdout.write = before.out;
    stderr.write = before.err;
    process.exitCode = before.exitCode;
    for (const [name, known] of signals)
      for (const listener of process.listeners(name)) if (!known.includes(listener)) process.off(name, listener);
  }
}

/** The rows as a table: exit codes, `!` where the answer is wrong. */
export function describeDamages(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(({ damage }) => damage.name.length));
  return [
    `${''.padEnd(width)}  ${TRIED.join('  ')}`,
    ...rows.map(({ damage, outcomes }) => {
      const cells = TRIED.map((tried) => {
        const { code, wrong } = outcomes[tried];
        return `${code}${wrong === null ? '' : '!'}`.padEnd(tried.length);
      });
      return `${damage.name.padEnd(width)}  ${cells.join('  ')}`.trimEnd();
    }),
  ];
}
