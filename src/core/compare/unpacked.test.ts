import { describe, expect, it } from 'vitest';
import { convertFiles } from '../plan/quantised.fixture.ts';
import { fp8Checkpoints, gptOss } from '../plan/unpack.fixture.ts';
import type { FileSet } from '../source/types.ts';
import { countingFiles } from '../testing.fixture.ts';
import { change, edited, sideOf } from '../verify/planting.fixture.ts';
import { correspond } from './correspond.ts';
import { compareReport } from './report.ts';
import { compareValues } from './values.ts';

async function compare(left: FileSet, right: FileSet) {
  const [a, b] = [await sideOf(left), await sideOf(right)];
  const found = correspond(a.checkpoint, b.checkpoint);
  return { found, report: await compareValues(found, a, b), a, b };
}

/** Every byte of both sides is in an entry, codes and scales together. */
function expectSums({ found }: Awaited<ReturnType<typeof compare>>) {
  const sum = (side: 'left' | 'right') => found.entries.reduce((total, each) => total + (each[side]?.bytes ?? 0), 0);
  expect([sum('left'), sum('right')]).toEqual([found.left.bytes, found.right.bytes]);
  expect([found.left.paired, found.right.paired]).toEqual([found.left.tensors, found.right.tensors]);
}

describe('quantised weights beside plain ones', () => {
  it.each([
    [64, 48, 'e4m3', 16],
    [40, 72, 'e5m2', 16],
    [192, 136, 'e4m3', 128],
  ] as const)(
    '%i × %i %s in blocks of %i are compared as the numbers that they represent',
    async (i, h, format, block) => {
      const { packed, plain } = fp8Checkpoints(i, h, format, block);
      for (const target of ['per-expert', 'stacked', 'gate-up', 'gate-up-transposed'] as const) {
        const right = await convertFiles(plain, target);
        if (right.refusal !== null) continue;
        const result = await compare(packed, right.files);
        expectSums(result);
        const { report, found } = result;
        expect(report).toMatchObject({ differences: [], skipped: [], mistakes: [] });
        expect(report.equal + report.equalAfterCast).toBe(found.entries.length);
        expect(report.equalAfterCast).toBeGreaterThan(found.entries.length / 2);
        const back = await compare(right.files, packed);
        expect(back.report.differences).toEqual([]);
      }
    },
  );

  it('say which codes and scales they are, and that the dtype changes', async () => {
    const { packed, plain } = fp8Checkpoints(64, 48, 'e4m3', 16);
    const { found } = await compare(packed, plain);
    const { differences, equal } = compareReport(found, null);
    expect(equal).toBe(false);
    const expert = differences.find((each) => each.expert === 1 && each.projection === 'gate');
    expect(expert).toMatchObject({
      status: 'dtype-changed',
      operations: ['Dequantize'],
      note: 'F8_E4M3 × F32 scales on the left, BF16 on the right',
      left: { dtype: 'F8_E4M3', file: expect.stringContaining('.safetensors') },
      right: { dtype: 'BF16' },
    });
    expect((expert?.left?.end ?? 0) - (expert?.left?.start ?? 0)).toBe(64 * 48);
  });

  it('differ by ULP after a named cast where a number does', async () => {
    const { packed, plain } = fp8Checkpoints(64, 48, 'e4m3', 16);
    const name =
      [...(await sideOf(plain)).checkpoint.tensors.keys()].find((each) => /experts\.2\.down/.test(each)) ?? '';
    const wrong = await edited(await sideOf(plain), (tensors) =>
      change(tensors, name, (tensor) => {
        const bytes = tensor.bytes.slice();
        bytes[2 * (5 * 64 + 3)] = (bytes[2 * (5 * 64 + 3)] ?? 0) ^ 1;
        return { ...tensor, bytes };
      }),
    );
    const { report } = await compare(packed, wrong.files);
    expect(report.differences).toMatchObject([
      {
        expert: 2,
        projection: 'down',
        different: 1,
        maxUlp: 1,
        first: { row: 5, column: 3 },
        cast: 'F8_E4M3 × F32 scales → BF16',
      },
    ]);
  });

  it('are compared as they are stored where both sides are quantised alike', async () => {
    const { packed } = fp8Checkpoints(64, 48, 'e4m3', 16);
    const { report, found } = await compare(packed, packed);
    expect(found.unpacked).toEqual({ left: false, right: false });
    expect(report).toMatchObject({ equal: found.entries.length, equalAfterCast: 0 });
  });

  it('read MXFP4 blocks as gpt-oss’s bf16, each matrix of codes a bounded number of times', async () => {
    const { packed, plain } = gptOss();
    const counted = countingFiles(packed);
    const result = await compare(counted.files, plain);
    expectSums(result);
    expect(result.report).toMatchObject({ differences: [], skipped: [] });
    expect(result.report.equalAfterCast).toBeGreaterThan(0);
  });
});
