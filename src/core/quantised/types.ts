import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { QuantConfig } from './config.ts';
import type { PartName } from './names.ts';

/** What a tensor says of a quantised matrix. */
export type Role =
  /** The numbers, as codes. */
  | 'codes'
  /** Factors of blocks, rows or the whole. */
  | 'scale'
  /** One factor of the whole matrix above those of its blocks; by the format it multiplies or divides. */
  | 'global'
  /** A factor of the activations that meet the matrix: no part of its numbers. */
  | 'input'
  /** Codes that mean zero. */
  | 'zero'
  /** The group of each input. */
  | 'order'
  /** Rows and columns. */
  | 'shape'
  /** What is added to each group. */
  | 'offset'
  /** What each code means. */
  | 'map'
  | 'nested-scale'
  | 'nested-map'
  /** JSON of the writer. */
  | 'state'
  /** Something without which the numbers cannot be known here. */
  | 'transform';

/** A quantised matrix, or several of one form one after another, as rows = outputs and columns = inputs. */
export interface PackedForm {
  readonly bits: number;
  readonly matrices: number;
  /** Outputs and inputs; null where the headers do not say how the numbers of a matrix are divided into rows. */
  readonly rows: number | null;
  readonly columns: number | null;
  /** Numbers of a matrix, above 0. */
  readonly numbers: number;
  /** Numbers that share a scale, [rows, columns]; null where another tensor says it. */
  readonly block: readonly [number, number] | null;
}

/** The tensors of one module by their part's name, with what the config says. */
export interface ModuleView {
  readonly name: string;
  part(name: PartName): CheckpointTensor | undefined;
  readonly config: QuantConfig;
}

/** The bytes of one part of one matrix. */
export interface StoredPart {
  readonly bytes: Uint8Array;
  readonly dtype: CheckpointTensor['dtype'];
  /** Of one matrix. */
  readonly shape: readonly number[];
}

/** One matrix as it is stored. */
export interface StoredMatrix {
  readonly form: PackedForm;
  readonly config: QuantConfig;
  part(role: Role): StoredPart | undefined;
}

/** How quantised matrices are stored, one value a format. Sources: docs/quantised.md. */
export interface QuantFormat {
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  /** Who writes it so. */
  readonly by: string;
  /** The names of its parts, the first that is there. */
  readonly parts: Readonly<Partial<Record<Role, readonly PartName[]>>>;
  /** Parts without which the numbers cannot be known, or a program computes wrong ones. */
  readonly needs: readonly Role[];
  /** What the headers say of a module that is stored so: `unclear` where not enough; null where it is another format. */
  form(view: ModuleView): PackedForm | 'unclear' | null;
}

/**
 * The numbers of one matrix as F32, row by row, rounded once for each operation that the format's own readers do; or why they cannot
 * be known here, a sentence.
 */
export type Decoder = ((stored: StoredMatrix) => Float32Array) | string;
