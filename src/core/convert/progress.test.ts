import { expect, it } from 'vitest';
import { planConversion } from '../plan/conversion.ts';
import { openFixture } from '../testing.fixture.ts';
import { createProgress, type Progress } from './progress.ts';

it('names the files that are proven, and never one that was given up', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  const plan = planConversion(checkpoint, 'stacked', { maxShardBytes: 100_000 });
  const [first, second] = plan.shards;
  if (!first || !second) throw new Error('The plan has one shard.');
  const told: Progress[] = [];
  const meter = createProgress(plan, new Set(), (progress) => told.push(progress));
  meter.enter(first, 'write');
  meter.enter(first, 'verify');
  meter.leave(first, true);
  meter.enter(second, 'write');
  meter.leave(second, false);
  expect(told.map(({ provenFiles, shardsDone }) => [provenFiles.join(), shardsDone])).toEqual([
    ['', 0],
    ['', 0],
    [first.file, 1],
    [first.file, 1],
    [first.file, 1],
  ]);
});
