import type { Choices } from '../ranks/memory/choices.ts';
import type { MemoryFramework, MemoryMesh } from '../ranks/memory/setup.ts';
import type { ModelShape } from '../ranks/memory/shape.ts';
import type { Strategy } from '../ranks/types.ts';

/** Configurations that can be made, in the order in which they are offered. */
export const CONFIG_KINDS = [
  'transformers-5',
  'trl',
  'accelerate',
  'torchrun',
  'ep-plan',
  'torchtitan',
  'megatron-core',
  'vllm',
  'sglang',
  'transformers-4.57',
] as const;
export type ConfigKind = (typeof CONFIG_KINDS)[number];

/** Everything that a configuration is filled from. */
export interface ConfigFacts {
  /** A repo or a folder, as its program takes it. */
  readonly model: string;
  readonly shape: ModelShape;
  readonly mesh: MemoryMesh;
  readonly choices: Choices;
  readonly strategy: Strategy | undefined;
  readonly redundant: number;
  readonly all2all: string | undefined;
}

/** How one kind is made. Rules change: `version` is what the keys were read in. */
export interface ConfigMaker {
  readonly title: string;
  readonly version: string;
  /** Whose mesh it speaks of. */
  readonly framework: MemoryFramework;
  readonly file: (facts: ConfigFacts) => string;
  readonly comment: '#';
  text(facts: ConfigFacts): string;
  /** What it cannot do, or what one would not expect. */
  limits(facts: ConfigFacts): readonly string[];
}
