import type { CompareReport, CompareStatus, EntryFacts, Picture } from '../../src/core/index.ts';
import type { InspectEvent, SourceDescriptor } from '../inspect/protocol.ts';

/** The name by which an inspecting worker's script knows that it was started for a comparison: they share nearly all of their code. */
export const COMPARE = 'compare';

/** What of an entry's numbers is known. `cast`: equal in the coarser of two dtypes. */
export type Proof = 'none' | 'equal' | 'cast' | 'different' | 'skipped';

/** Which entries are listed: all, what differs in meaning, or those of one status. */
export type CompareShow = 'all' | 'differences' | CompareStatus;

/** The cells of one layer of experts on both sides. */
export interface CompareCells {
  /** Index of the pair of layers; prefixes on both sides. */
  readonly group: number;
  readonly left: string;
  readonly right: string;
  /** For each expert the place in `STATUSES` of its most serious status, and in {@link PROOFS} of its least proof. */
  readonly status: Uint8Array<ArrayBuffer>;
  readonly proof: Uint8Array<ArrayBuffer>;
}

export const PROOFS: readonly Proof[] = ['none', 'skipped', 'equal', 'cast', 'different'];

/** Values, without the lists that pages are asked for. */
export interface ValueSummary {
  readonly compared: number;
  readonly equal: number;
  readonly equalAfterCast: number;
  readonly different: number;
  readonly skipped: number;
  readonly bytes: { readonly left: number; readonly right: number };
  readonly reads: { readonly left: number; readonly right: number };
  readonly mistakes: readonly { readonly message: string; readonly cure: string | null }[];
  readonly unsearched: string | null;
}

/** A comparison as a screen's head shows it. */
export interface CompareHead
  extends Pick<CompareReport, 'equal' | 'compared' | 'left' | 'right' | 'layers' | 'prefixes' | 'notes' | 'counts'> {
  readonly differences: number;
  /** The verdict in a sentence, and the operations between the layouts. */
  readonly verdict: string;
  readonly chains: readonly string[];
  readonly cells: readonly CompareCells[];
  readonly values: ValueSummary | null;
}

export interface CompareQuery {
  readonly show: CompareShow;
  /** Keys of the rows that are open, or all of them. */
  readonly open: readonly string[] | 'all';
}

/** One row of the aligned tree: a layer, an expert of it, or a pair of tensors or matrices. */
export interface CompareRow {
  readonly key: string;
  readonly kind: 'layer' | 'expert' | 'entry';
  readonly level: 1 | 2 | 3;
  readonly label: string;
  /** Index of the row above it in the tree, -1 at the top. */
  readonly parent: number;
  readonly isOpen: boolean;
  /** The most serious status below, and the least proof. */
  readonly status: CompareStatus;
  readonly proof: Proof;
  readonly pairs: number;
  /** How many of them differ in meaning. */
  readonly differences: number;
  readonly leftBytes: number;
  readonly rightBytes: number;
  readonly layer: number | null;
  readonly group: number | null;
  readonly expert: number | null;
  readonly facts: EntryFacts | null;
}

export interface ComparePage {
  readonly count: number;
  readonly rows: readonly CompareRow[];
}

/** Some pairs: everything, what stands under a row, an expert, a layer's experts, a tensor. */
export type ValueSelection =
  | { readonly kind: 'all' }
  | { readonly kind: 'row'; readonly key: string }
  | { readonly kind: 'expert'; readonly group: number; readonly expert: number }
  | { readonly kind: 'group'; readonly group: number }
  /** By its name on the left; on the right where the left has none. */
  | { readonly kind: 'tensor'; readonly name: string };

export interface SelectionSize {
  readonly pairs: number;
  readonly left: number;
  readonly right: number;
}

export interface ValueProgress {
  readonly done: number;
  readonly total: number;
  /** The left tensor in hand. */
  readonly tensor: string;
}

/** The worker that holds the second checkpoint and compares the first with it. */
export interface CompareApi {
  /** Opens the right side; events come while headers arrive. */
  open(source: SourceDescriptor, onEvent: (event: InspectEvent) => void, signal: AbortSignal): Promise<void>;
  /** Takes the left checkpoint from `port` (the inspect worker's `sendCheckpoint`) and matches the two. */
  match(left: SourceDescriptor, port: MessagePort, signal: AbortSignal): Promise<CompareHead>;
  page(query: CompareQuery, from: number, to: number): ComparePage;
  /** Index of the row of a selection, or of its layer's row where that is closed; null when it is not listed. */
  placeOf(query: CompareQuery, selection: ValueSelection): number | null;
  /** The pairs of one expert, or of one row. */
  pairs(selection: ValueSelection): readonly { readonly facts: EntryFacts; readonly proof: Proof }[];
  /** A pair of layers as both files hold it, by its index in `CompareCells`. */
  picture(group: number, width: number): Picture;
  /** What of a selection has not been compared by value yet. */
  size(selection: ValueSelection): SelectionSize;
  /** Compares by value what has not been compared yet; what was stays known. */
  measure(
    selection: ValueSelection,
    onProgress: (progress: ValueProgress) => void,
    signal: AbortSignal,
  ): Promise<CompareHead>;
  /** The whole report, as `moe-loom compare --json` prints it. */
  report(): Blob;
  markdown(): string;
}
