import type {
  OpenNodes,
  PackedTensors,
  ParameterCount,
  TensorAnswer,
  TensorFacets,
  TensorHistogram,
  TensorPreview,
  TensorQuery,
  TensorRow,
  TreePage,
  TreeQuery,
} from '../../src/core/index.ts';

/** What the Tensors view asks of the worker that holds the open checkpoint. */
export interface TensorApi {
  /** `id` names the answer in later questions; who asks chooses it, a new one each time. */
  queryTensors(query: TensorQuery, id: number): TensorAnswer;
  /** Keeps an answer that the page has found itself, for later questions. */
  noteQuery(query: TensorQuery, id: number): void;
  /** All tensors for the page to search itself; null where they are too many to be held twice. */
  packedTensors(): PackedTensors | null;
  /** Rows `from` (included) to `to` (excluded) of a query's answer. */
  tensorRows(id: number, from: number, to: number): readonly TensorRow[];
  /** Rows of a query's answer as lines of tab-separated values, heading included. */
  tensorTsv(id: number): Blob;
  tensor(name: string): TensorRow | null;
  /** Numbers of the layers that a query's answer has tensors in. */
  tensorLayers(id: number): readonly number[];
  tensorFacets(): TensorFacets;
  /** The parameters of the whole checkpoint, counted when first asked for. */
  parameters(): ParameterCount;
  treePage(query: TreeQuery): TreePage;
  /** The row of a tensor in a query's answer, or in its tree; null when the query leaves it out. */
  tensorPlace(id: number, name: string, open: OpenNodes | null): number | null;
  /** The first and last values of a tensor. */
  previewTensor(name: string, signal: AbortSignal): Promise<TensorPreview>;
  /** Counts all values of a tensor; hears the bytes that are done. */
  histogramTensor(
    name: string,
    onProgress: (progress: { readonly done: number; readonly total: number }) => void,
    signal: AbortSignal,
  ): Promise<TensorHistogram>;
}
