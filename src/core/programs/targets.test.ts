import { beforeAll, describe, expect, it } from 'vitest';
import { detectLayout } from '../layouts/detect.ts';
import { isGood } from '../loads/predict.ts';
import {
  type CurrentLoads,
  countGood,
  isFinalTarget,
  preselectable,
  preselectedTarget,
  type TargetOutcome,
  targetForProgram,
} from '../loads/targets.ts';
import { planConversion } from '../plan/conversion.ts';
import { TARGETS } from '../plan/targets.ts';
import type { Target } from '../plan/types.ts';
import { ARCHITECTURES, openFixture } from '../testing.fixture.ts';
import { LOADERS, loaderUse, predictLoads, predictPlan } from './loading.ts';

const IDS = LOADERS.map(({ id }) => id);
const ALL = Object.keys(TARGETS) as Target[];
const WIDELY = IDS.filter((id) => loaderUse(id) === 'widely');

interface Case {
  readonly name: string;
  readonly current: CurrentLoads;
  readonly outcomes: readonly TargetOutcome[];
}

type Readable = Pick<Awaited<ReturnType<typeof openFixture>>['checkpoint'], 'tensors' | 'config'>;

/** A checkpoint of the fixtures as the Hub has it, and as each conversion of it would be. */
async function casesOf(architecture: string, config: Readonly<Record<string, unknown>> = {}): Promise<Case[]> {
  const opened = (await openFixture(architecture)).checkpoint;
  const checkpoint = { ...opened, config: { ...opened.config, ...config } };
  const outcomes = ALL.map((target): TargetOutcome => {
    return { target, verdicts: predictPlan(checkpoint, planConversion(checkpoint, target), {}) };
  });
  const currentOf = (readable: Readable) => {
    const layout = detectLayout(readable);
    return { layout: layout.layout, verdicts: predictLoads(readable, layout) };
  };
  const converted = ALL.flatMap((target): Case[] => {
    const plan = planConversion(checkpoint, target);
    if (plan.refusals.length > 0) return [];
    const tensors = new Map(
      plan.shards
        .flatMap((shard) => shard.tensors)
        .map((tensor) => [tensor.name, { ...tensor, file: '', start: 0 as never, end: 0 as never }]),
    );
    const readable = { tensors, config: checkpoint.config } as unknown as Readable;
    return [{ name: `${architecture} as ${target}`, current: currentOf(readable), outcomes }];
  });
  return [{ name: architecture, current: currentOf(checkpoint), outcomes }, ...converted];
}

let cases: readonly Case[] = [];
beforeAll(async () => {
  cases = (await Promise.all(ARCHITECTURES.map((each) => casesOf(each)))).flat();
}, 60_000);

describe('the layout to convert to', () => {
  it('is preselected only where no fewer programs load the result, whoever is asked about', () => {
    let chosen = 0;
    for (const { name, current, outcomes } of cases)
      for (const wanted of [WIDELY, IDS, ...IDS.map((id) => [id])]) {
        const target = preselectedTarget(wanted, current, outcomes);
        if (target === null) continue;
        chosen += 1;
        const verdicts = outcomes.find((outcome) => outcome.target === target)?.verdicts ?? [];
        expect(countGood(verdicts), `${name}: ${target} for ${wanted}`).toBeGreaterThanOrEqual(
          countGood(current.verdicts),
        );
        const gained = wanted.filter((id) => {
          const [before, after] = [current.verdicts, verdicts].map((list) => list.find((each) => each.id === id));
          return before && after && !isGood(before) && isGood(after);
        });
        expect(gained, name).not.toEqual([]);
      }
    expect(chosen).toBeGreaterThan(20);
  });

  it('is not preselected for a checkpoint that all widely used programs load', async () => {
    const [hub] = await casesOf('qwen3_moe', { num_experts: 12 });
    if (!hub) throw new Error('The fixture is gone.');
    expect(preselectable(WIDELY, hub.current)).toEqual([]);
    expect(preselectedTarget(WIDELY, hub.current, hub.outcomes)).toBeNull();
    // One that would be a loss is not preselected either: VeOmni alone would gain.
    expect(preselectable(['veomni'], hub.current)).toEqual(['stacked']);
    expect(preselectedTarget(['veomni'], hub.current, hub.outcomes)).toBeNull();
  });

  it('is for each program one that it loads, as it is where there is such a layout', () => {
    for (const { name, current, outcomes } of cases)
      for (const id of IDS) {
        const found = targetForProgram(id, current, outcomes);
        const verdicts = outcomes.flatMap((outcome) => outcome.verdicts?.find((each) => each.id === id)?.verdict ?? []);
        if (found === null)
          expect(
            verdicts.some((verdict) => isGood({ verdict })),
            name,
          ).toBe(false);
        else expect(found.verdict, name).toBe(verdicts.includes('loads') ? 'loads' : 'loads-converting');
      }
  });

  it('is final only where all conversions together give the same', () => {
    let final = 0;
    for (const { name, current, outcomes } of cases)
      for (const id of IDS)
        for (const at of outcomes.keys()) {
          const some = outcomes.slice(0, at + 1);
          const found = targetForProgram(id, current, some);
          if (found === null || !isFinalTarget(id, current, found)) continue;
          final += 1;
          expect(found, name).toEqual(targetForProgram(id, current, outcomes));
        }
    expect(final).toBeGreaterThan(100);
  });

  it('keeps the layout that a program reads as it is', () => {
    const hub = cases.find(({ name }) => name === 'qwen3_moe');
    if (!hub) throw new Error('The fixture is gone.');
    const targets = ['vllm', 'transformers-5', 'mlx', 'veomni'].map(
      (id) => targetForProgram(id, hub.current, hub.outcomes)?.target,
    );
    expect(targets).toEqual(['per-expert', 'gate-up', 'switch-mlp', 'stacked']);
  });
});
