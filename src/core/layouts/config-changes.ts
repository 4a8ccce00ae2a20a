import { architectureOf } from './architecture-rules.ts';
import { type Config, expertConfigPath, readKey } from './config-keys.ts';
import { TARGET_ROWS } from './target-rows.ts';
import type { LayoutConfigChange, TargetLayout } from './types.ts';

/**
 * What a target's consumers need changed in config.json; empty for most architectures.
 *
 * Where transformers 4 and 5 spell the number of experts otherwise, both spellings are written: transformers 4 would
 * quietly use its default. Only transformers-qwen3-moe-fused loads this layout with other classes.
 */
export function configChangesFor(
  config: Config | null,
  modelType: string | null,
  target: TargetLayout,
): LayoutConfigChange[] {
  if (!config) return [];
  return [...countChanges(config, modelType), ...classChanges(config, modelType, target)];
}

function countChanges(config: Config, modelType: string | null): LayoutConfigChange[] {
  const row = architectureOf(modelType);
  if (!row || row.countKeys.v4 === row.countKeys.v5) return [];
  const path = expertConfigPath(config);
  const keys = [row.countKeys.v4, row.countKeys.v5].map((key) => (path === '' ? key : `${path}.${key}`));
  const count = keys.map((key) => readKey(config, key)).find((value) => typeof value === 'number');
  if (count === undefined) return [];
  return keys
    .filter((key) => readKey(config, key) === undefined)
    .map((key) => ({
      key,
      before: undefined,
      after: count,
      reason: 'transformers 4 and 5 read the number of experts under different keys.',
    }));
}

function classChanges(config: Config, modelType: string | null, target: TargetLayout): LayoutConfigChange[] {
  const before = config.architectures;
  if (modelType !== 'qwen3_moe' || !Array.isArray(before)) return [];
  const rename = (names: readonly unknown[], from: string, to: string) =>
    names.map((name) => (typeof name === 'string' ? name.replace(from, to) : name));
  const plain = rename(before, 'Qwen3MoeFused', 'Qwen3Moe');
  const { classes } = TARGET_ROWS[target];
  const after = classes ? rename(plain, ...classes) : plain;
  if (after.every((name, at) => name === before[at])) return [];
  return [
    {
      key: 'architectures',
      before,
      after,
      reason: 'transformers-qwen3-moe-fused loads this layout with other classes.',
    },
  ];
}
