import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rankModelOfConfig } from '../ranks/config-model.ts';
import type { RankEntry, RankSummary } from '../ranks/summary.ts';
import { frameworkIdOf, readSettings, summarize } from './placing.ts';

interface Expected {
  readonly world: number;
  readonly ep_size: number;
  readonly strategy?: string | null;
  readonly ranks: readonly {
    readonly rank: number;
    readonly experts: readonly number[];
    readonly slice?: readonly [number, number];
  }[];
}

interface Vector {
  readonly id: string;
  readonly framework: string;
  readonly why: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly expect: Expected | { readonly refused: string; readonly message: string | null };
}

const FILE = new URL('../../../fixtures/placement-vectors.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(FILE, 'utf8')) as { readonly vectors: readonly Vector[] };

/** Widths that every mesh of the vectors divides. */
const CONFIG = {
  model_type: 'qwen3_moe',
  architectures: ['Qwen3MoeForCausalLM'],
  hidden_size: 256,
  num_hidden_layers: 4,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  head_dim: 16,
  intermediate_size: 512,
  moe_intermediate_size: 256,
  num_experts: 8,
  num_experts_per_tok: 2,
  vocab_size: 512,
};

/** As `moe-loom ranks config.json --framework … --set … --json` answers. */
function answered({ framework, args }: Vector): RankSummary {
  const id = frameworkIdOf(framework);
  if (id === null) throw new Error(`${framework} is not known.`);
  const entries = Object.entries(args).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const set = readSettings(id, entries);
  if ('error' in set) throw new Error(set.error);
  return summarize(rankModelOfConfig(CONFIG, set.model), { framework: id, ...set.options });
}

describe('vectors of placement, ports of the programs’ own functions', () => {
  it.each(vectors.map((vector) => [`${vector.framework} ${vector.id}: ${vector.why}`, vector] as const))(
    '%s',
    (_, vector) => {
      const summary = answered(vector);
      const wanted = vector.expect;
      if ('refused' in wanted) {
        expect(summary.error).not.toBeNull();
        // The words recorded may be the beginning of the message.
        if (wanted.message !== null) expect(summary.error?.slice(0, wanted.message.length)).toBe(wanted.message);
        return;
      }
      expect(summary.error).toBeNull();
      expect(summary.mesh?.world).toBe(wanted.world);
      expect(epOf(summary)).toBe(wanted.ep_size);
      const ranks = new Map(summary.ranks.map((rank) => [rank.rank, rank]));
      const placed = wanted.ranks.map((each) => said(ranks.get(each.rank), each.slice !== undefined));
      expect(placed).toEqual(
        wanted.ranks.map(({ rank, experts, slice }) => ({ rank, experts, ...(slice ? { slice } : {}) })),
      );
    },
  );
});

function epOf({ ranks }: RankSummary): number {
  return new Set(ranks.map(({ coords, slots }) => coords.ep ?? slots.join())).size;
}

function said(entry: RankEntry | undefined, slices: boolean) {
  if (!entry) throw new Error('There is no such rank.');
  return { rank: entry.rank, experts: entry.slots, ...(slices ? { slice: entry.slice } : {}) };
}
