import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIXTURES, hubFolder } from '../../core/testing.fixture.ts';
import { storedWeights } from '../../core/values/stored-weights.fixture.ts';
import { DAMAGES } from '../damages/list.fixture.ts';
import { filesOfModel, HIDDEN, INTERMEDIATE, type Model, type Stored, wholeModel } from '../damages/model.fixture.ts';
import { writeFolder } from '../run.fixture.ts';

/** A command line without `--json`. */
export type Case = readonly [command: string, ...rest: string[]];

const EXPERT = /\.experts\./;

/** The experts of a model in FP8 with one scale for each block, as DeepSeek stores them. */
function quantised(model: Model): void {
  for (const [file, tensors] of model.shards)
    model.shards.set(
      file,
      tensors.flatMap((tensor): Stored[] =>
        EXPERT.test(tensor.name)
          ? [
              { ...tensor, dtype: 'F8_E4M3', bytes: tensor.bytes.slice(tensor.bytes.length / 2) },
              { name: `${tensor.name}_scale_inv`, dtype: 'F32', shape: [1, 1], bytes: new Uint8Array([0, 0, 128, 63]) },
            ]
          : [tensor],
      ),
    );
  model.index = null;
  const said = { quantization_config: { quant_method: 'fp8', fmt: 'e4m3', weight_block_size: [128, 128] } };
  model.config = { ...(model.config as Record<string, unknown>), ...said };
}

/** A model of one dense MLP for each layer. */
function dense(model: Model): void {
  for (const [file, tensors] of model.shards)
    model.shards.set(
      file,
      tensors
        .filter(({ name }) => !EXPERT.test(name) || name.includes('.experts.0.'))
        .filter(({ name }) => !name.endsWith('.mlp.gate.weight'))
        .map((tensor) => ({ ...tensor, name: tensor.name.replace('.experts.0', '') })),
    );
  model.index = null;
  model.config = { model_type: 'qwen3', num_hidden_layers: 2, hidden_size: HIDDEN, intermediate_size: INTERMEDIATE };
}

/** Names that a terminal, a shell or a reader of JSON might act on. */
function hostile(model: Model): void {
  const [[file = '', tensors = []] = []] = model.shards;
  const [first, ...rest] = tensors;
  if (first) model.shards.set(file, [{ ...first, name: 'a"\\\n\u202e\u0007::error::%0A$(x)' }, ...rest]);
  model.index = null;
}

function write(folder: string, change: (model: Model) => void = () => undefined): string {
  const model = wholeModel();
  change(model);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of filesOfModel(model)) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** What every command is asked of one checkpoint. */
export function askedOf(folder: string, good: string, out: string): Case[] {
  return [
    ['inspect', folder],
    ['inspect', folder, '--read-values'],
    ['tensors', folder, '--search', 'layer 1 router'],
    ['draw', folder],
    ['draw', folder, '--what', 'strip'],
    ['draw', folder, '--what', 'flow', '--to', 'gate-up'],
    ['plan', folder, '--to', 'gate-up'],
    ['plan', folder, '--to', 'stacked', '--layers', '0', '--keep-rest', '--dtype', 'bf16'],
    ['convert', folder, '--to', 'gate-up', '--out', `${out}-gate-up`, '--sha256', '--engine', 'cpu'],
    ['verify', folder, good],
    ['verify', folder, '--source-hashes'],
    ['compare', good, folder],
    ['compare', folder, good, '--values'],
    ['publish', folder, '--repo', 'org/name', '--private'],
    ['check', folder],
    ['loads', folder],
    ['ranks', folder, '--framework', 'transformers-5', '--ep', '2'],
    ['ranks', folder, '--framework', 'vllm', '--ep', '2', '--hashes'],
    ['ranks', folder, '--framework', 'vllm', '--ep', '3'],
    ['ranks', folder, '--config', 'vllm', '--ep', '2'],
    ['ranks', folder, '--config', 'vllm', '--ep', '3'],
    ['ranks', folder, '--framework', 'transformers-5', '--ep', '2', '--take', 'assertion'],
    ['memory', folder, '--gpus', '2', '--ep', '2'],
    ['stats', folder],
    ['parity', folder, '--layer', '1', '--tokens', '4'],
  ];
}

/** Folders of every kind, by a name that says which. Of the damages of `damages/` one of `every`. */
export function writeSources(work: string, every: number): ReadonlyMap<string, string> {
  const at = (name: string) => join(work, name);
  const own = [
    ['good', write(at('good'))],
    ['quantised', write(at('quantised'), quantised)],
    ['dense', write(at('dense'), dense)],
    ['hostile', write(at('hostile'), hostile)],
    ['empty', writeFolder(at('empty'), {})],
    ['config alone', writeFolder(at('config'), { 'config.json': JSON.stringify(wholeModel().config) })],
    [
      'square',
      writeFolder(at('square'), storedWeights({ names: 'fused', fusion: 'interleaved', trained: 0.5, biases: true })),
    ],
    ['joined', writeFolder(at('joined'), storedWeights({ names: 'w13', fusion: 'concatenated', trained: 0.5 }))],
  ] as const;
  const damaged = DAMAGES.filter((_, index) => index % every === 0).map((damage, index) => {
    const model = wholeModel();
    damage.model?.(model);
    const files = filesOfModel(model);
    damage.files?.(files);
    return [damage.name, writeFolder(at(`damage-${index}`), Object.fromEntries(files))] as const;
  });
  const written = ['deepseek_v3', 'gpt_oss', 'llama4_text', 'qwen3_moe'];
  return new Map([...own, ...damaged, ...written.map((name) => [name, hubFolder(name)] as const)]);
}

/** What is asked besides, of one source each. */
export function oddCases(sources: ReadonlyMap<string, string>, out: string): Case[] {
  const good = sources.get('good') ?? '';
  const config = join(FIXTURES, 'configs/Qwen3-235B-A22B.json');
  const blocks = join(FIXTURES, 'checkpoints/mixtral/block_io.safetensors');
  const converted = `${out}-converted`;
  const [plan, parts] = [`${out}-plan.json`, `${out}-parts`];
  const unpacking = `${out}-unpacking.json`;
  return [
    ['plan', good, '--to', 'stacked', '--max-shard-size', '2KB', '--out', plan],
    ['plan', sources.get('quantised') ?? '', '--to', 'stacked', '--dtype', 'bf16', '--out', unpacking],
    ['status', plan, parts],
    ['convert', '--plan', plan, '--part', '1/2', '--out', parts, '--sha256'],
    ['status', plan, parts, '--parts', '3'],
    ['join', plan, parts],
    ['convert', '--plan', plan, '--out', parts, '--sha256'],
    ['join', plan, parts],
    ['join', plan, parts],
    ['status', plan, parts],
    ['convert', '--plan', unpacking, '--out', `${parts}-bf16`],
    ['join', unpacking, `${parts}-bf16`, '--read-back'],
    ['status', good, parts],
    ['job', 'slurm', plan, '--array', '2'],
    [
      'job',
      'kubernetes',
      plan,
      '--image',
      'loom',
      '--claim',
      'models',
      '--source',
      'org/name',
      '--file',
      `${plan}.yaml`,
    ],
    ['job', 'slurm', plan, '--image', 'loom'],
    ['explain'],
    ['explain', 'gate-up'],
    ['explain', 'no such term'],
    ['inspect', join(good, 'nothing-here')],
    ['inspect', sources.get('square') ?? '', '--assume', 'values'],
    ['plan', good],
    ['plan', good, '--to', 'no-layout'],
    ['plan', good, '--for', 'transformers-5'],
    ['convert', good, '--to', 'stacked', '--out', converted],
    ['convert', good, '--to', 'stacked', '--out', converted],
    ['convert', sources.get('quantised') ?? '', '--to', 'stacked', '--dtype', 'bf16', '--out', `${out}-bf16`],
    ['verify', good, converted],
    ['verify', good],
    ['publish', converted, '--repo', "org/it's"],
    ['publish', converted, '--repo', 'org/name', '--branch', 'refs/pr/1'],
    ['compare', good, converted, '--values'],
    ['check', good, join(good, 'config.json')],
    ['draw', good, '--layer', '99'],
    ['tensors', good, '--match', 'regex', '--search', '('],
    ['ranks', config, '--framework', 'sglang', '--set', 'tp_size=16', '--set', 'ep_size=8'],
    ['ranks', good],
    ['ranks', good, '--framework', 'vllm', '--redundant', '4', '--ep', '2'],
    ['memory', config, '--gpus', '64', '--cp', '8', '--ep', '64', '--context', '32768', '--offload'],
    ['memory', config, '--gpus', '8', '--ep', '8', '--lora', 'r=16,targets=attention', '--mfu', '30'],
    ['memory', config, '--gpus', '8', '--framework', 'vllm', '--tp', '8'],
    ['memory', config, '--gpus', 'many'],
    ['stats', sources.get('qwen3_moe') ?? '', '--layers', '0', '--experts', '0-1'],
    ['parity', hubFolder('mixtral'), '--layer', '1', '--input', blocks, '--input-tensor', 'model.layers.1.mlp.input.0'],
    [
      ...['parity', hubFolder('mixtral'), '--layer', '1', '--input', blocks],
      ...['--input-tensor', 'model.layers.1.mlp.input.0', '--expect-tensor', 'model.layers.2.mlp.output'],
    ] as unknown as Case,
    ['open', join(good, 'nothing-here')],
    ['inspect', good, '--no-such-option'],
    ['inspect'],
  ];
}
