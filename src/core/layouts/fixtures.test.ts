import { describe, expect, test } from 'vitest';
import { architectureOf } from './architecture-rules.ts';
import { ARCHITECTURES } from './architecture-table.ts';
import { checkpointOf, readFixture, readRealNames, type TestCheckpoint } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { asTarget, renameTensor } from './target.ts';
import type { CheckpointLayout, LayerGroup, TargetLayout } from './types.ts';

/** Names and shapes of a whole checkpoint after a conversion; refusals thrown. */
function convertedNames(
  checkpoint: TestCheckpoint,
  layout: CheckpointLayout,
  target: TargetLayout,
): Map<string, string> {
  const names = new Map<string, string>();
  const experts = new Set<string>();
  for (const group of layout.groups.filter((each) => each.kind === 'moe')) {
    for (const name of group.expertTensors) experts.add(name);
    const answer = asTarget(group, target, layout.modelType);
    if ('refusal' in answer) throw new Error(`${group.prefix}: ${answer.refusal.message}`);
    for (const [name, shape] of memberNames(answer.group)) names.set(name, shape);
  }
  for (const tensor of checkpoint.tensors.values()) {
    if (!experts.has(tensor.name))
      names.set(renameTensor(tensor.name, layout.modelType, target, layout), String(tensor.shape));
  }
  return names;
}

function memberNames(group: LayerGroup): [string, string][] {
  return group.members.flatMap((member) => {
    const count = member.template.includes('{i}') ? (group.experts ?? 0) : 1;
    return Array.from({ length: count }, (_, i): [string, string] => [
      member.template.replace('{i}', String(i)),
      String(member.shape),
    ]);
  });
}

function namesOf(checkpoint: TestCheckpoint): Map<string, string> {
  return new Map([...checkpoint.tensors.values()].map((tensor) => [tensor.name, String(tensor.shape)]));
}

/** The target whose names are those of transformers 5's memory. */
function memoryTarget(modelType: string): TargetLayout {
  const family = architectureOf(modelType)?.memory?.family;
  return family === 'gate-up-transposed' || family === 'gate-up-interleaved' || family === 'per-expert'
    ? family
    : 'gate-up';
}

const EXPECTED: Readonly<Record<string, { hub: string; state: string; experts: number; kinds: string }>> = {
  qwen3_moe: { hub: 'per-expert/projections', state: 'gate-up/plain', experts: 12, kinds: 'moe dense moe' },
  mixtral: { hub: 'per-expert/w123', state: 'gate-up/plain', experts: 8, kinds: 'moe moe moe' },
  deepseek_v3: { hub: 'per-expert/projections', state: 'gate-up/plain', experts: 16, kinds: 'dense moe moe' },
  qwen3_next: { hub: 'per-expert/projections', state: 'gate-up/plain', experts: 8, kinds: 'moe moe moe' },
  jamba: { hub: 'per-expert/projections', state: 'gate-up/plain', experts: 4, kinds: 'dense moe dense' },
  granitemoe: { hub: 'gate-up/input-output-linear', state: 'gate-up/plain', experts: 8, kinds: 'moe moe moe' },
  llama4_text: { hub: 'gate-up-transposed/plain', state: 'gate-up-transposed/plain', experts: 4, kinds: 'moe moe moe' },
  gpt_oss: {
    hub: 'gate-up-interleaved/gpt-oss',
    state: 'gate-up-interleaved/gpt-oss',
    experts: 8,
    kinds: 'moe moe moe',
  },
};

describe.each(Object.entries(EXPECTED))('%s, as transformers 5.17 wrote it', (modelType, expected) => {
  const { hub, state } = readFixture(modelType);

  test.each([
    ['hub', hub, expected.hub],
    ['state', state, expected.state],
  ])('%s is told by its names', (_, checkpoint, layout) => {
    const found = detectLayout(checkpoint);
    expect(found.modelType).toBe(modelType);
    expect(found.layout).toBe(layout.split('/')[0]);
    expect(found.defects.map(({ tag }) => tag)).toEqual(unkept(checkpoint.config));
    expect(found.groups.map((group) => group.kind).join(' ')).toBe(expected.kinds);
    for (const group of found.groups.filter((each) => each.kind === 'moe')) {
      expect(`${group.layout?.family}/${group.layout?.dialect}`).toBe(layout);
      expect(group).toMatchObject({ experts: expected.experts, hidden: 64, reason: null, defects: [] });
      expect(group.router.length).toBeGreaterThan(0);
    }
  });

  test('its memory names and shapes are the target’s', () => {
    expect(sorted(convertedNames(hub, detectLayout(hub), memoryTarget(modelType)))).toEqual(sorted(namesOf(state)));
  });

  test('the Hub’s names come back', () => {
    if (!expected.hub.startsWith('per-expert')) return;
    expect(sorted(convertedNames(state, detectLayout(state), 'per-expert'))).toEqual(sorted(namesOf(hub)));
  });

  test.each<TargetLayout>(['per-expert', 'stacked', 'switch-mlp'])('%s and back to memory', (target) => {
    const away = converted(hub, target);
    expect(sorted(convertedNames(away, detectLayout(away), memoryTarget(modelType)))).toEqual(sorted(namesOf(state)));
  });
});

function converted(checkpoint: TestCheckpoint, target: TargetLayout): TestCheckpoint {
  const names = convertedNames(checkpoint, detectLayout(checkpoint), target);
  const headers = [...names].map(
    ([name, shape]) => [name, { dtype: 'BF16', shape: shape.split(',').map(Number) }] as const,
  );
  return checkpointOf(Object.fromEntries(headers), checkpoint.config);
}

/** Transformers writes no layers of multi-token prediction, and leaves the promise of them in the config: that is said. */
function unkept(config: Readonly<Record<string, unknown>> | null): string[] {
  const text = config?.text_config as Record<string, unknown> | undefined;
  return (config?.num_nextn_predict_layers ?? text?.num_nextn_predict_layers ?? 0) === 0 ? [] : ['mtp-absent'];
}

function sorted(names: ReadonlyMap<string, string>): [string, string][] {
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1));
}

test('a row is confirmed when a fixture is there to show it', () => {
  const shown = new Set([...Object.keys(EXPECTED), ...Object.keys(readRealNames())]);
  for (const row of ARCHITECTURES) {
    if (row.confirmed)
      expect(
        row.modelTypes.some((type) => shown.has(type)),
        row.modelTypes[0],
      ).toBe(true);
  }
});

const REAL = Object.entries(readRealNames()).filter(([, { disk }]) =>
  Object.keys(disk).some((name) => /\.experts\.|_linear/.test(name)),
);

/** What is known not to convert, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  qwen3_vl_moe: 'orientation-ambiguous',
  qwen3_vl_moe_text: 'orientation-ambiguous',
};
/** Model types whose other tensors transformers 5 also takes apart or joins; it does so under either name. */
const RESHAPED = new Set(['inkling_mm_model']);

describe.runIf(REAL.length > 0)('names that transformers 5.17 wrote', () => {
  test.each(REAL)('%s', (modelType, { config, disk, memory }) => {
    const hub = checkpointOf(disk, config);
    const layout = detectLayout(hub);
    const groups = sparse(layout);
    expect(groups.length).toBeGreaterThan(0);
    const exception = EXCEPTIONS[modelType];
    if (exception) {
      for (const group of groups) expect(group.defects.map((defect) => defect.tag)).toContain(exception);
      return;
    }
    const zero = modelType === 'longcat_flash' ? groups.map(() => 'expert-unused') : [];
    expect(layout.defects.map(({ tag }) => tag)).toEqual([...unkept(config), ...zero]);
    for (const group of groups) expect(group).toMatchObject({ reason: null, defects: [] });
    for (const group of groups) expect(group.router.length, group.prefix).toBeGreaterThan(0);
    // Its sizes here make square matrices, which nothing tells the way of in a layout that no program holds it in.
    if (architectureOf(layout.modelType) === undefined || zero.length > 0) return;
    const target = memoryTarget(layout.modelType ?? modelType);
    const made = convertedNames(hub, layout, target);
    const expected = target === 'gate-up' ? checkpointOf(memory, config) : hub;
    for (const group of sparse(detectLayout(expected))) {
      expect(group).toMatchObject({ reason: null, defects: [] });
      for (const [name, shape] of memberNames(group)) expect([name, made.get(name)]).toEqual([name, shape]);
      if (!RESHAPED.has(modelType))
        for (const name of [...group.router, ...group.shared]) expect(made.has(name), name).toBe(true);
    }
  });
});

function sparse(layout: CheckpointLayout): LayerGroup[] {
  return layout.groups.filter((group) => group.kind === 'moe');
}
