import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { TensorRole } from './role.ts';
import type { SearchMeaning } from './synonyms.ts';
import type { OpenNodes, TreeNode } from './tree.ts';

/** What tensors can be sorted by. */
export const TENSOR_COLUMNS = ['name', 'role', 'dtype', 'shape', 'bytes', 'file', 'start'] as const;
export type TensorColumn = (typeof TENSOR_COLUMNS)[number];

/** Which tensors are listed: a tensor must fit every kind of filter, by any of its values. An empty kind fits all. */
export interface TensorFilter {
  readonly roles: readonly TensorRole[];
  readonly dtypes: readonly string[];
  readonly layers: readonly number[];
  /** Also tensors that hold these experts among others. */
  readonly experts: readonly number[];
  /** Names of files. */
  readonly shards: readonly string[];
}

export interface TensorQuery {
  /** With `substring`, words that mean a role, a layer or an expert are taken so too: `synonyms.ts`. */
  readonly text: string;
  readonly mode: 'substring' | 'regex' | 'fuzzy';
  readonly sort: TensorColumn;
  readonly descending: boolean;
  readonly filter: TensorFilter;
}

/** Rows that come with an answer: more than the tallest screens show. */
export const FIRST_ROWS = 64;

export interface TensorAnswer {
  readonly id: number;
  readonly count: number;
  readonly bytes: number;
  /** Why the text cannot be searched for (a broken pattern); nothing matches then. */
  readonly problem: string | null;
  /** What words of the text were taken for. */
  readonly meanings: readonly SearchMeaning[];
  /** The first rows, for a screen that shows them at once. */
  readonly first: readonly TensorRow[];
}

export interface FacetValue<T> {
  readonly value: T;
  readonly count: number;
}

/** Values that the open checkpoint can be filtered by, each with its number of tensors, ascending. */
export interface TensorFacets {
  readonly roles: readonly FacetValue<TensorRole>[];
  readonly dtypes: readonly FacetValue<string>[];
  readonly layers: readonly FacetValue<number>[];
  readonly experts: readonly FacetValue<number>[];
  readonly shards: readonly FacetValue<string>[];
}

/** Which nodes of a tree are in sight, and which of them are wanted. */
export interface TreeQuery {
  /** The answer whose tensors the tree is made of. */
  readonly id: number;
  readonly open: OpenNodes;
  readonly from: number;
  readonly to: number;
}

export type TreeRow = Omit<TreeNode, 'start' | 'end'> & {
  readonly tensors: number;
  readonly bytes: number;
  /** Null for a node of many tensors. */
  readonly tensor: TensorRow | null;
};

export interface TreePage {
  /** Rows in sight, of which `rows` are those asked for. */
  readonly count: number;
  readonly rows: readonly TreeRow[];
}

export type TensorRow = Pick<CheckpointTensor, 'name' | 'shape' | 'file'> & {
  readonly dtype: DType;
  readonly start: number;
  readonly end: number;
  readonly role: TensorRole;
  /** Its number, null outside numbered layers. */
  readonly layer: number | null;
  /** The one expert that it belongs to; null for stacks and for tensors of none. */
  readonly expert: number | null;
  /** Experts that it holds as a stack, 0 for others. */
  readonly stack: number;
};
