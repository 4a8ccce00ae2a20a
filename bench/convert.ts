/**
 * Converts a generated checkpoint of real shapes with the built command line, in turns with `cp` and `sync` of the same
 * bytes, and prints one JSON line.
 *
 *     npm run build && npm run bench:convert -- [--gigabytes 8] [--pairs 3] [--to stacked] [--folder /tmp]
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatIndex, INDEX_FILE } from '../src/core/safetensors/index-file.ts';
import { layoutHeader, type TensorSpec } from '../src/core/safetensors/write-header.ts';

const { values: flags } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '8' },
    pairs: { type: 'string', default: '3' },
    to: { type: 'string', default: 'stacked' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const BIN = fileURLToPath(new URL('../dist/cli/moe-loom.js', import.meta.url));
/** Qwen3-30B-A3B: experts, intermediate, hidden, vocabulary. */
const E = 128;
const I = 768;
const H = 2048;
const VOCABULARY = 151_936;
const SHARD_BYTES = 4e9;
const BLOCK = 64 * 1024 * 1024;

function layerTensors(layer: number): TensorSpec[] {
  const base = `model.layers.${layer}.`;
  const bf16 = (name: string, shape: number[]): TensorSpec => ({ name: base + name, dtype: 'BF16', shape });
  const experts = Array.from({ length: E }, (_, expert) => [
    bf16(`mlp.experts.${expert}.gate_proj.weight`, [I, H]),
    bf16(`mlp.experts.${expert}.up_proj.weight`, [I, H]),
    bf16(`mlp.experts.${expert}.down_proj.weight`, [H, I]),
  ]).flat();
  return [
    bf16('self_attn.q_proj.weight', [4096, H]),
    bf16('self_attn.o_proj.weight', [H, 4096]),
    bf16('mlp.gate.weight', [E, H]),
    ...experts,
    bf16('input_layernorm.weight', [H]),
  ];
}

const bytesOf = (tensor: TensorSpec) => 2 * tensor.shape.reduce((product, dim) => product * dim, 1);

/** Writes the checkpoint; its bytes are noise, so that nothing compresses or repeats. */
function generate(folder: string, target: number): { bytes: number; layers: number } {
  const embed = (name: string): TensorSpec => ({ name, dtype: 'BF16', shape: [VOCABULARY, H] });
  const perLayer = layerTensors(0).reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const layers = Math.max(1, Math.ceil((target - 2 * bytesOf(embed(''))) / perLayer));
  const all = [
    embed('model.embed_tokens.weight'),
    ...Array.from({ length: layers }, (_, layer) => layerTensors(layer)).flat(),
    embed('lm_head.weight'),
  ];
  const bins: TensorSpec[][] = [[]];
  let size = 0;
  for (const tensor of all) {
    if (size + bytesOf(tensor) > SHARD_BYTES) {
      bins.push([]);
      size = 0;
    }
    bins.at(-1)?.push(tensor);
    size += bytesOf(tensor);
  }
  const noise = Buffer.alloc(BLOCK + 8192);
  for (let i = 0, state = 1; i < noise.length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise.writeUInt32LE(state, i);
  }
  const weightMap = new Map<string, string>();
  let bytes = 0;
  bins.forEach((bin, number) => {
    const file = `model-${String(number + 1).padStart(5, '0')}-of-${String(bins.length).padStart(5, '0')}.safetensors`;
    const laid = layoutHeader(bin, new Map([['format', 'pt']]));
    const handle = openSync(join(folder, file), 'w');
    writeSync(handle, laid.bytes);
    for (let at = laid.dataStart as number; at < laid.fileSize; at += BLOCK) {
      const shift = (at / 8 + number) % 8192;
      writeSync(handle, noise, shift, Math.min(BLOCK, laid.fileSize - at));
    }
    closeSync(handle);
    for (const tensor of bin) weightMap.set(tensor.name, file);
    bytes += laid.fileSize;
  });
  writeFileSync(
    join(folder, INDEX_FILE),
    formatIndex({ weightMap, totalSize: all.reduce((sum, tensor) => sum + bytesOf(tensor), 0) }),
  );
  const config = {
    model_type: 'qwen3_moe',
    num_experts: E,
    moe_intermediate_size: I,
    hidden_size: H,
    num_hidden_layers: layers,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return { bytes, layers };
}

interface Run {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Runs a program and samples its memory and I/O from /proc, where there is one. */
async function measured(command: string, args: readonly string[]): Promise<Run> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let last = { peakBytes: 0, readBytes: 0, writtenBytes: 0 };
  const timer = setInterval(() => {
    last = sample(child.pid ?? 0) ?? last;
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return { seconds: (performance.now() - start) / 1000, ...last };
}

function sample(pid: number) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const io = readFileSync(`/proc/${pid}/io`, 'utf8');
    const field = (text: string, name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
    return {
      peakBytes: field(status, 'VmHWM') * 1024,
      readBytes: field(io, 'rchar'),
      writtenBytes: field(io, 'wchar'),
    };
  } catch {
    return null;
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const round = (value: number, digits = 2) => Number(value.toFixed(digits));

const work = mkdtempSync(join(flags.folder, 'moe-loom-bench-'));
try {
  const source = join(work, 'source');
  execFileSync('mkdir', [source]);
  const { bytes, layers } = generate(source, Number(flags.gigabytes) * 1e9);
  execFileSync('sync');
  const copies: Run[] = [];
  const conversions: Run[] = [];
  for (let pair = 0; pair < Number(flags.pairs); pair++) {
    const copy = join(work, 'copy');
    copies.push(await measured('sh', ['-c', `cp -r "${source}" "${copy}" && sync`]));
    rmSync(copy, { recursive: true });
    execFileSync('sync');
    const out = join(work, 'out');
    conversions.push(
      await measured(process.execPath, [BIN, 'convert', source, '--to', flags.to, '--out', out, '--quiet', '--json']),
    );
    if (!statSync(join(out, INDEX_FILE)).isFile()) throw new Error('no output');
    rmSync(out, { recursive: true });
    execFileSync('sync');
  }
  const ratios = conversions.map((run, pair) => (copies[pair]?.seconds ?? 0) / run.seconds);
  const line = {
    bench: 'convert',
    to: flags.to,
    bytes,
    layers,
    pairs: conversions.length,
    seconds: round(median(conversions.map((run) => run.seconds))),
    cp_sync_seconds: round(median(copies.map((run) => run.seconds))),
    cp_over_convert: round(median(ratios)),
    cp_over_convert_range: [round(Math.min(...ratios)), round(Math.max(...ratios))],
    peak_mb: round(Math.max(...conversions.map((run) => run.peakBytes)) / 1e6, 0),
    read_bytes: Math.max(...conversions.map((run) => run.readBytes)),
    written_bytes: Math.max(...conversions.map((run) => run.writtenBytes)),
    note: 'convert reads the source once, writes once, syncs, and reads the output back to prove it; cp does not prove',
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
