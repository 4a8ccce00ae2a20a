import type { FindingTag } from '../checkpoint/finding-tags.ts';
import type { Emitted } from '../embed/emitted.ts';
import type { DialectSpec } from '../layouts/dialects.ts';
import type { QuantTag } from '../layouts/quantised/findings.ts';
import type { LayerGroup, TargetLayout } from '../layouts/types.ts';
import type { Provenance } from '../provenance.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { Shape } from '../safetensors/types.ts';
import type { LoadInput } from './sparse-layers.ts';

/**
 * What a program makes of a checkpoint's routed experts.
 *
 * `loads`: as they are. `loads-converting`: rearranged while loading, nothing lost. `partial`: it starts, but experts
 * or other tensors are at random or dropped. `wrong-values`: it starts, but takes the experts'
 * numbers for others, as without their scales. `refuses`: it stops with an error. `unknown`: there is no evidence either way.
 */
export type Verdict = 'loads' | 'loads-converting' | 'partial' | 'wrong-values' | 'refuses' | 'unknown';

/** How a claim is known: `run` on a real checkpoint, read in the `source`, `reported` by others, or `unverified`. */
export type EvidenceKind = 'run' | 'source' | 'reported' | 'unverified';

export interface Evidence {
  readonly kind: EvidenceKind;
  /** Where to look it up. */
  readonly source: string;
  /** ISO date of the run or of what was read. */
  readonly date: string;
}

/** Names of expert tensors as the program itself would report them, in natural order. */
export interface NameReport {
  /** The model has them, the checkpoint does not. */
  readonly missing: readonly string[];
  /** The checkpoint has them, the model does not. */
  readonly unexpected: readonly string[];
  /** In both, but not of one shape. */
  readonly mismatched: readonly string[];
}

/** What one program makes of a checkpoint, with the conversion that would help. */
export interface ProgramVerdict<Id extends string = string> extends NameReport {
  readonly id: Id;
  /** The program's name in a list of programs that load checkpoints. */
  readonly title: string;
  readonly version: string;
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  /** The conversion after which this program loads the checkpoint; null when none is needed or known. */
  readonly cure: TargetLayout | null;
  /** What else it takes: config keys, versions, flags. One sentence each. */
  readonly needs: readonly string[];
  /** What is assumed in a good verdict, in a sentence; absent where nothing is. */
  readonly inference?: string;
}

/** What keeps a checkpoint from being loaded whole. */
export interface Harm {
  /**
   * The tag of a finding; `series-gap` for a missing file that no index names; `config-number` for a size that is no
   * number; `router-rows` for routers of other experts; `layers-beyond` for layers that the config does not count;
   * `tensor-missing` for tensors outside the experts that nobody holds; the tag of a defect of quantised experts.
   */
  readonly tag:
    | FindingTag
    | 'rank-slices'
    | 'index-stale'
    | 'series-gap'
    | 'config-number'
    | 'router-rows'
    | 'layers-beyond'
    | 'tensor-missing'
    | QuantTag;
  /** What it takes to be without it, in sentences. */
  readonly need: string;
  /** Tensors that do not fit because of it. */
  readonly mismatched?: readonly string[];
}

/** What a program does with a checkpoint that is harmed. */
export interface Response {
  readonly verdict: 'refuses' | 'partial' | 'wrong-values';
  /** One sentence; what is quoted is the program's own text. */
  readonly says: string;
  readonly evidence: Evidence;
}

/** A tensor that is planned, or anything else with a name and a shape. */
export interface PlannedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What one program says before it is known whether a conversion would help. */
export type Answer = Omit<ProgramVerdict, 'id' | 'title' | 'version' | 'cure'>;

export const NO_NAMES: NameReport = { missing: [], unexpected: [], mismatched: [] };

/** Where a loaded model holds a layer's experts: the prefix before `experts`, and the dialect of the names below it. */
export interface MemoryPlace {
  readonly prefix: string;
  readonly spec: DialectSpec;
}

/** How one starts a program on a checkpoint, for a model card. */
export type UsageSnippet = {
  /** Heading of the snippet where it is not the program's title. */
  readonly title?: string;
} & (
  | { readonly language: 'python'; readonly code: (repo: string, className: Emitted<'python'>) => Emitted<'python'> }
  | { readonly language: 'sh'; readonly code: (repo: string) => Emitted<'shell'> }
);

/** What is known of a program that loads checkpoints. */
export interface LoadsFacet extends Provenance {
  /** The program's name in a list of loaders, where its own title says something else. */
  readonly title?: string;
  /** Conversions that may help, the best first. One is offered only when `ask` then gives a good verdict. */
  readonly cures: readonly TargetLayout[];
  /** What it does with harmed checkpoints, as far as that is known. */
  readonly minds?: Readonly<Partial<Record<Harm['tag'], Response | ((input: LoadInput) => Response)>>>;
  /** What it does not take of quantised experts that are sound; null where nothing stands against them. */
  readonly limits?: (input: LoadInput) => Response | null;
  /** The verdict on a checkpoint's layout; harm is not asked about. `id` is the program's own. */
  readonly ask: (input: LoadInput, id: string) => Answer;
  /** A Python script with `__TOOL__` and `__PREDICTED__` to be filled in, or one sentence why there is none. */
  readonly proof: { readonly script: string } | { readonly reason: string };
  /** Where a loaded model holds a group's experts, null where that is not known. Absent: under the checkpoint's names. */
  readonly memoryPlace?: (input: LoadInput, group: LayerGroup) => MemoryPlace | null;
  readonly usage?: UsageSnippet;
  /** The Hub's `library_name`. With `target` it is given for that conversion alone, which then has no other. */
  readonly library?: { readonly name: string; readonly target?: TargetLayout };
}

/** A program as the engines of this room and of `handoff` take it. */
export interface LoadingProgram<Id extends string = string> {
  readonly id: Id;
  readonly title: string;
  readonly loads: LoadsFacet;
}
