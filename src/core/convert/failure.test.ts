import { describe, expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { planConversion } from '../plan/conversion.ts';
import { createMemorySink } from '../sink/memory.ts';
import type { Sink } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { countingFiles, openFixture } from '../testing.fixture.ts';
import { KIB } from '../units.ts';
import type { Progress } from './progress.ts';
import { runPlan } from './run.ts';

async function prepared() {
  const { files, checkpoint } = await openFixture('qwen3_moe');
  return { files, plan: planConversion(checkpoint, 'gate-up', { maxShardBytes: 100_000 }) };
}

describe('a conversion that cannot finish', () => {
  it('leaves nothing when the disk is full', async () => {
    const { files, plan } = await prepared();
    const sink = createMemorySink('full', 300_000);
    await expect(runPlan(plan, { files, sink })).rejects.toMatchObject({ tag: 'disk-full' });
    expect(sink.written.size).toBe(0);
  });

  it('leaves nothing when it is cancelled in the middle', async () => {
    const { files, plan } = await prepared();
    const sink = createMemorySink();
    const controller = new AbortController();
    let last = 0;
    const onProgress = ({ done }: { done: number }) => {
      last = done;
      if (done > 200_000) controller.abort();
    };
    await expect(runPlan(plan, { files, sink, signal: controller.signal, onProgress })).rejects.toMatchObject({
      tag: 'cancelled',
    });
    expect(last).toBeLessThan(2 * plan.bytes);
    expect(sink.written.size).toBe(0);
  });

  it('notices a byte that the sink lost, names the tensor, and leaves nothing', async () => {
    const { files, plan } = await prepared();
    const inner = createMemorySink();
    const victim = plan.shards[1]?.tensors[0];
    if (!victim) throw new Error('no tensor');
    await expect(
      runPlan(plan, { files, sink: losing(inner, plan.shards[1]?.file ?? '', victim.start) }),
    ).rejects.toMatchObject({
      tag: 'verify-failed',
      fields: { tensor: victim.name, file: plan.shards[1]?.file },
    });
    expect(inner.written.size).toBe(0);
  });

  it.each([true, false])('notices a source that changed meanwhile, by its bytes (%s)', async (edited) => {
    const { files, plan } = await prepared();
    let opened = 0;
    let late = false;
    const onProgress = ({ shardsDone }: Progress) => {
      late = shardsDone === plan.shards.length;
    };
    const changing: FileSet = {
      ...files,
      open: async (name) => {
        const source = await files.open(name);
        opened++;
        const read: typeof source.read = async (range, options) => {
          const bytes = await source.read(range, options);
          return edited && late ? bytes.map((byte) => byte ^ 1) : bytes;
        };
        return { ...source, key: `${name} ${opened}`, read };
      },
    };
    const run = runPlan(plan, { files: changing, sink: createMemorySink(), onProgress });
    if (edited) await expect(run).rejects.toMatchObject({ tag: 'source-changed' });
    else expect((await run).verified.equal).toBe(true);
  });

  it('refuses a refused plan', async () => {
    const { files, checkpoint } = await openFixture('qwen3_moe');
    const plan = planConversion(checkpoint, 'stacked', { layers: [1] });
    expect(plan.refusals).toEqual([{ tag: 'layers-dense', message: 'None of the chosen layers (1) has experts.' }]);
    await expect(runPlan(plan, { files, sink: createMemorySink() })).rejects.toMatchObject({ tag: 'not-convertible' });
    expect(planConversion(checkpoint, 'stacked', { layers: [7] }).refusals).toEqual([
      { tag: 'layers-unknown', message: 'There is no layer 7.' },
    ]);
  });
});

describe('the cost of a conversion', () => {
  it('is few reads that skip less than they take, within the budget', async () => {
    const { files, plan } = await prepared();
    const counted = countingFiles(files);
    const budget = createBudget(512 * KIB);
    await runPlan(plan, { files: counted.files, sink: createMemorySink(), budget });
    const copied = new Set(plan.copies.map((copy) => copy.file));
    const read = counted.reads
      .filter((range) => !copied.has(range.file))
      .reduce((sum, range) => sum + range.end - range.start, 0);
    expect(read).toBeGreaterThanOrEqual(plan.bytes);
    expect(read).toBeLessThan(plan.bytes * 2);
    expect(budget.peak).toBeLessThanOrEqual(512 * KIB);
    expect(counted.reads.length).toBeLessThan(150);
  });
});

/** A sink that flips one byte of one file on its way. */
function losing(inner: Sink, file: string, byte: number): Sink {
  return {
    ...inner,
    create: async (name, byteLength, options) => {
      const target = await inner.create(name, byteLength, options);
      if (name !== file) return target;
      return {
        ...target,
        write: (bytes, offset, opts) => {
          const copy = bytes.slice();
          if (offset <= byte && byte < offset + copy.byteLength) copy[byte - offset] = (copy[byte - offset] ?? 0) ^ 4;
          return target.write(copy, offset, opts);
        },
      };
    },
  };
}
