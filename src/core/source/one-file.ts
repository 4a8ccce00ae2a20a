import type { FileEntry, FileSet } from './types.ts';

const SAFETENSORS = /\.safetensors$/i;
const INDEX = /\.safetensors\.index(\.[^./]+)?\.json$/i;
/** `model-00001-of-00002.safetensors`, and of a variant `model-00001-of-00002.fp16.safetensors`. */
const SHARD = /^(.*?)[-_.]?(\d+)-of-(\d+)(\.[^./]+)?\.safetensors$/i;
/** Weights in other formats. */
const OTHER_WEIGHTS = /\.(bin|pt|pth|ckpt|gguf|h5|msgpack|onnx|npz)$/i;

/** True for a file that a person means a checkpoint by: weights or an index. */
export function namesCheckpoint(name: string): boolean {
  return SAFETENSORS.test(name) || INDEX.test(name);
}

/**
 * The files of a folder without the checkpoints that are not meant, where a person named the file `named`.
 *
 * An index means its checkpoint; a shard, `…-00001-of-00002.safetensors`, the whole of its series; any other weights
 * file itself alone. Files without weights stay, sub-folders too. For other names, all files.
 */
export function filesMeantBy<F extends FileEntry>(named: string, files: readonly F[]): readonly F[] {
  if (!namesCheckpoint(named)) return files;
  const folder = named.slice(0, named.lastIndexOf('/') + 1);
  const beside = ({ name }: FileEntry) => name.startsWith(folder) && !name.slice(folder.length).includes('/');
  const others = (name: string) => namesCheckpoint(name) || OTHER_WEIGHTS.test(name);
  const isMeant = INDEX.test(named) ? ofIndex(named, files.filter(beside)) : ofWeights(named);
  return files.filter((file) => !beside(file) || !others(file.name) || isMeant(file.name));
}

/** The shards of an index are known when it is read. Here: the series of its name, else all that no other index has. */
function ofIndex(named: string, beside: readonly FileEntry[]): (name: string) => boolean {
  const own = stemOf(named);
  const weights = beside.filter(({ name }) => SAFETENSORS.test(name));
  const hasSeries = weights.some(({ name }) => seriesOf(name)?.stem === own);
  const indexes = beside.filter(({ name }) => INDEX.test(name) && name !== named);
  const claimed = new Set(indexes.map(({ name }) => stemOf(name)));
  return (name) => {
    if (name === named) return true;
    if (!SAFETENSORS.test(name)) return false;
    const series = seriesOf(name);
    return hasSeries ? series?.stem === own : !claimed.has(series?.stem ?? stemOf(name));
  };
}

function ofWeights(named: string): (name: string) => boolean {
  const series = seriesOf(named);
  if (series === null) return (name) => name === named;
  return (name) => {
    if (INDEX.test(name)) return stemOf(name) === series.stem;
    const other = seriesOf(name);
    return other !== null && other.stem === series.stem && other.total === series.total;
  };
}

/** `a/model.fp16` of `a/model.fp16.safetensors`, of its index, and of `a/model.safetensors.index.fp16.json`. */
function stemOf(name: string): string {
  return name.replace(
    /\.safetensors(\.index(\.[^./]+)?\.json)?$/i,
    (_, _index, variant: string | undefined) => variant ?? '',
  );
}

function seriesOf(name: string): { readonly stem: string; readonly total: number } | null {
  const [, stem, , total, variant = ''] = SHARD.exec(name) ?? [];
  return stem === undefined ? null : { stem: stem + variant, total: Number(total) };
}

/** The set without the checkpoints that are not meant; see {@link filesMeantBy}. */
export function narrowTo(named: string, files: FileSet): FileSet {
  return { ...files, list: async (options) => filesMeantBy(named, await files.list(options)) };
}
