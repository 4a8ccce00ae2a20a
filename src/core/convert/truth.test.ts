import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { planConversion } from '../plan/conversion.ts';
import { TARGETS } from '../plan/targets.ts';
import type { Target } from '../plan/types.ts';
import { createMemorySink } from '../sink/memory.ts';
import {
  ARCHITECTURES,
  allTensors,
  openFixture,
  PER_EXPERT,
  type PlainTensor,
  sameTensor,
  truthOf,
} from '../testing.fixture.ts';
import { verifyCheckpoints } from '../verify/verify.ts';
import { runPlan } from './run.ts';

async function convert(architecture: string, target: Target) {
  const { files, checkpoint } = await openFixture(architecture);
  const plan = planConversion(checkpoint, target);
  const sink = createMemorySink('converted');
  const report = await runPlan(plan, { files, sink });
  return {
    source: { files, checkpoint },
    plan,
    sink,
    report,
    converted: { files: sink.files(), checkpoint: await openCheckpoint(sink.files()) },
  };
}

/** The target that gives an architecture's own form on the Hub; granitemoe's has no target of its own. */
const HOME: Readonly<Record<string, Target>> = {
  deepseek_v3: 'per-expert',
  gpt_oss: 'gate-up-interleaved',
  jamba: 'per-expert',
  llama4_text: 'gate-up-transposed',
  mixtral: 'per-expert',
  qwen3_moe: 'per-expert',
  qwen3_next: 'per-expert',
};

/** One half of dim 1 of [E, 2I, H]. */
function half(tensor: PlainTensor, which: 0 | 1): Uint8Array {
  const [experts = 0] = tensor.shape;
  const block = tensor.bytes.byteLength / experts / 2;
  const out = new Uint8Array(experts * block);
  for (let i = 0; i < experts; i++)
    out.set(tensor.bytes.subarray((2 * i + which) * block, (2 * i + which + 1) * block), i * block);
  return out;
}

describe.each(PER_EXPERT)('%s as transformers wrote it', (architecture) => {
  it('to gate-up is what transformers 5.17.0 holds in memory, name by name and byte by byte', async () => {
    const { sink } = await convert(architecture, 'gate-up');
    const truth = await truthOf(architecture);
    const output = await allTensors(sink.files());
    expect([...output.keys()].sort()).toEqual([...truth.keys()].sort());
    expect([...truth].filter(([name, tensor]) => !sameTensor(output.get(name), tensor)).map(([name]) => name)).toEqual(
      [],
    );
  });

  it('to stacked has gate and up as its halves, and keeps the source prefix', async () => {
    const { sink } = await convert(architecture, 'stacked');
    const output = await allTensors(sink.files());
    const container = architecture === 'mixtral' ? 'block_sparse_moe' : null;
    let seen = 0;
    for (const [name, tensor] of await truthOf(architecture)) {
      if (!/experts\.(gate_up_proj|down_proj)$/.test(name)) continue;
      const base = (container ? name.replace('.mlp.', `.${container}.`) : name).replace(/[^.]+$/, '');
      if (name.endsWith('down_proj')) {
        expect(sameTensor(output.get(`${base}down_proj`), tensor), name).toBe(true);
        continue;
      }
      seen++;
      const [experts = 0, rows = 0, columns = 0] = tensor.shape;
      for (const [which, projection] of ['gate_proj', 'up_proj'].entries()) {
        const expected = {
          dtype: tensor.dtype,
          shape: [experts, rows / 2, columns],
          bytes: half(tensor, which as 0 | 1),
        };
        expect(sameTensor(output.get(base + projection), expected), base + projection).toBe(true);
      }
    }
    expect(seen).toBeGreaterThan(0);
  });

  it('is equal across all three layouts, and a flipped byte is named', async () => {
    const stacked = await convert(architecture, 'stacked');
    const fused = await convert(architecture, 'gate-up');
    const original = stacked.source;
    const bytes = stacked.report.bytes;
    for (const [left, right] of [
      [original, stacked.converted],
      [original, fused.converted],
      [stacked.converted, fused.converted],
      [fused.converted, original],
    ] as const) {
      const result = await verifyCheckpoints(left, right);
      expect(result).toMatchObject({ equal: true, differences: [], bytes, tensors: left.checkpoint.tensors.size });
    }
    const victim = [...fused.converted.checkpoint.tensors.values()].find((tensor) =>
      tensor.name.endsWith('experts.down_proj'),
    );
    if (!victim) throw new Error('no experts');
    const file = fused.sink.written.get(victim.file) as Uint8Array;
    const [experts = 0] = victim.shape;
    const matrix = (victim.end - victim.start) / experts;
    file[victim.start + 3 * matrix + 5] = (file[victim.start + 3 * matrix + 5] ?? 0) ^ 1;
    const result = await verifyCheckpoints(original, fused.converted);
    expect(result.equal).toBe(false);
    expect(result.differences).toHaveLength(1);
    expect(result.differences[0]?.tensor).toMatch(/experts\.3\.(down_proj|w2)\.weight$/);
    expect(result.differences[0]?.reason).toMatch(/byte 5 of expert 3's down matrix/);
  });

  it('writes both spellings of the number of experts only where transformers 4 and 5 differ, and touches nothing else', async () => {
    const { sink, source } = await convert(architecture, 'gate-up');
    const before = source.checkpoint.configText ?? '';
    const after = new TextDecoder().decode(sink.written.get('config.json'));
    if (architecture === 'qwen3_moe') {
      expect(JSON.parse(after)).toEqual({ ...JSON.parse(before), num_experts: 12 });
      expect(after.split('\n').filter((line) => !before.split('\n').includes(line))).toEqual(['  "num_experts": 12,']);
    } else {
      expect(after).toBe(before);
    }
  });
});

describe.each(ARCHITECTURES)('%s, whatever its family', (architecture) => {
  it('to gate-up is what transformers 5.17.0 holds in memory', async () => {
    const { sink, source, converted } = await convert(architecture, 'gate-up');
    const truth = await truthOf(architecture);
    const output = await allTensors(sink.files());
    expect([...output.keys()].sort()).toEqual([...truth.keys()].sort());
    expect([...truth].filter(([name, tensor]) => !sameTensor(output.get(name), tensor)).map(([name]) => name)).toEqual(
      [],
    );
    expect(await verifyCheckpoints(source, converted)).toMatchObject({ equal: true });
  });

  it.each(Object.keys(TARGETS) as Target[])(
    'to %s and back is the Hub form to the byte, or refused',
    async (target) => {
      const { files, checkpoint } = await openFixture(architecture);
      const plan = planConversion(checkpoint, target);
      if (plan.refusals.length > 0) {
        expect(plan.refusals[0]?.tag).toMatch(/^(target-unsupported|orientation-ambiguous)$/);
        return;
      }
      const there = createMemorySink('there');
      await runPlan(plan, { files, sink: there });
      const middle = await openCheckpoint(there.files());
      expect(
        await verifyCheckpoints({ files, checkpoint }, { files: there.files(), checkpoint: middle }),
      ).toMatchObject({ equal: true });
      const home = HOME[architecture];
      if (!home) return;
      const back = planConversion(middle, home);
      expect(back.refusals).toEqual([]);
      const sink = createMemorySink('back');
      await runPlan(back, { files: there.files(), sink });
      const [before, after] = [await allTensors(files), await allTensors(sink.files())];
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
      expect(
        [...before].filter(([name, tensor]) => !sameTensor(tensor, after.get(name))).map(([name]) => name),
      ).toEqual([]);
    },
  );
});

describe('an output', () => {
  it('is named and indexed as the Hub does, in shards that never split a tensor', async () => {
    const { files, checkpoint } = await openFixture('qwen3_moe');
    const plan = planConversion(checkpoint, 'gate-up', { maxShardBytes: 100_000 });
    const sink = createMemorySink();
    const report = await runPlan(plan, { files, sink });
    expect(report.shards.length).toBeGreaterThan(3);
    expect(report.shards[0]).toBe(`model-00001-of-${String(report.shards.length).padStart(5, '0')}.safetensors`);
    const names = [...sink.written.keys()];
    expect(names.slice(-2)).toEqual(['config.json', 'model.safetensors.index.json']);
    const index = JSON.parse(new TextDecoder().decode(sink.written.get('model.safetensors.index.json')));
    expect(index.metadata.total_size).toBe(plan.bytes);
    const reopened = await openCheckpoint(sink.files());
    expect(reopened.findings).toEqual([]);
    for (const shard of plan.shards) {
      const tensorBytes = shard.tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
      expect(tensorBytes <= 100_000 || shard.tensors.length === 1).toBe(true);
    }
  });

  it('of chosen layers holds those layers alone and says that it is partial', async () => {
    const { files, checkpoint } = await openFixture('qwen3_moe');
    const sink = createMemorySink();
    const report = await runPlan(planConversion(checkpoint, 'stacked', { layers: [0, 2] }), { files, sink });
    expect(report).toMatchObject({ scope: 'partial', layers: [0, 2] });
    const reopened = await openCheckpoint(sink.files());
    expect([...reopened.tensors.keys()].every((name) => /^model\.layers\.[02]\./.test(name))).toBe(true);
    expect(reopened.findings.map((finding) => finding.tag)).toEqual(['partial']);
    const result = await verifyCheckpoints({ files, checkpoint }, { files: sink.files(), checkpoint: reopened });
    expect(result).toMatchObject({ equal: true, layers: [0, 2] });
  });

  it('of chosen layers with the rest kept holds everything and says that it is mixed', async () => {
    const { files, checkpoint } = await openFixture('qwen3_moe');
    const sink = createMemorySink();
    await runPlan(planConversion(checkpoint, 'stacked', { layers: [2], keepRest: true }), { files, sink });
    const reopened = await openCheckpoint(sink.files());
    expect(reopened.tensors.has('model.layers.0.mlp.experts.0.gate_proj.weight')).toBe(true);
    expect(reopened.tensors.has('model.layers.2.mlp.experts.gate_proj')).toBe(true);
    expect(reopened.findings.map((finding) => finding.tag)).toEqual(['mixed']);
    const result = await verifyCheckpoints({ files, checkpoint }, { files: sink.files(), checkpoint: reopened });
    expect(result).toMatchObject({ equal: true, differences: [] });
  });
});
