import {
  type Checkpoint,
  type CheckpointLayout,
  countParameters,
  createBudget,
  createTensorTable,
  type FileSet,
  histogramTensor,
  LoomError,
  previewTensor,
  type TensorTable,
} from '../../src/core/index.ts';
import type { TensorApi } from './protocol.ts';

/** The open checkpoint that the service answers for. */
export interface TensorSubject {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
  readonly files: FileSet;
}

/** Buffers of tensors that are counted at the same time. */
const COUNTING_BYTES = 64e6;

/** Tensors that the page is given as well: about 12 MB of them. */
const LIMIT_PACKED = 524_288;

/** Answers questions about the tensors of what is open; a table is made when the first is asked. */
export function createTensorService(current: () => TensorSubject): TensorApi {
  const tables = new WeakMap<Checkpoint, TensorTable>();
  const table = () => {
    const { checkpoint, layout } = current();
    const made = tables.get(checkpoint) ?? createTensorTable(checkpoint.tensors, layout);
    tables.set(checkpoint, made);
    return made;
  };
  const budget = createBudget(COUNTING_BYTES);
  const tensorOf = (name: string) => {
    const tensor = current().checkpoint.tensors.get(name);
    if (tensor) return tensor;
    throw new LoomError('usage', `The checkpoint has no tensor ${name}.`, { tensor: name });
  };
  return {
    queryTensors: (query, id) => table().query(query, id),
    noteQuery: (query, id) => table().note(query, id),
    packedTensors: () => table().packed(LIMIT_PACKED),
    tensorRows: (id, from, to) => table().rows(id, from, to),
    tensorTsv: (id) => new Blob(table().tsv(id), { type: 'text/tab-separated-values' }),
    tensor: (name) => table().row(name),
    tensorLayers: (id) => table().layers(id),
    tensorFacets: () => table().facets(),
    parameters: () => countParameters(current().checkpoint, current().layout),
    treePage: (query) => table().tree(query),
    tensorPlace: (id, name, open) => table().place(id, name, open),
    previewTensor: (name, signal) => previewTensor(tensorOf(name), current().files, { signal }),
    histogramTensor: (name, onProgress, signal) =>
      histogramTensor(tensorOf(name), current().files, { budget, onProgress, signal }),
  };
}
