import { LoomError } from '../errors.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import { readIndexName } from '../safetensors/index-name.ts';
import type { FileEntry } from '../source/types.ts';
import { finding } from './make-finding.ts';
import { isOtherWeights, nothingHere } from './nothing-here.ts';
import { type Series, seriesOf } from './series.ts';
import { rankFiles, type SliceFormat } from './slices.ts';
import type { Finding } from './types.ts';
import { unfinishedDownloads } from './unfinished.ts';

/** Names that loaders look for, in their order: one file before an index. */
export const SINGLE_FILE = 'model.safetensors';
const ADAPTER = /^adapter_(model\.(safetensors|bin)|config\.json)$/;

/** A model's config, the most telling first: transformers' own, then Mistral's, which stands alone beside Mistral's own files. */
export const CONFIG_FILES = ['config.json', 'params.json'] as const;

/** Which files of a set make up the checkpoint. */
export interface Listing {
  /** Shards to read when no index says otherwise, natural order. */
  readonly shards: readonly string[];
  readonly index: string | null;
  readonly config: string | null;
  readonly files: readonly FileEntry[];
  readonly findings: readonly Finding[];
}

export interface ListingOptions {
  /** The index is left aside: what it says of the shards does not count. */
  readonly withoutIndex?: boolean | undefined;
  readonly sliceFormats?: readonly SliceFormat[] | undefined;
}

/**
 * Picks the checkpoint out of a set of files: the safetensors files at its root.
 *
 * @throws LoomError `no-checkpoint` when there are none, with the sub-folders that have some.
 */
export function listCheckpoint(
  identity: string,
  files: readonly FileEntry[],
  { withoutIndex = false, sliceFormats = [] }: ListingOptions = {},
): Listing {
  // `._model.safetensors` is what macOS writes beside a file on other disks: no name with a dot before it is a shard.
  const root = files.map((file) => file.name).filter((name) => !name.includes('/') && !name.startsWith('.'));
  const tensorsFiles = root.filter((name) => /\.safetensors$/i.test(name));
  const adapter = root.some((name) => ADAPTER.test(name));
  if (tensorsFiles.length === 0) throw adapter ? adapterAlone(identity) : nothingHere(identity, files);
  const { shards, gaps } = chooseShards(tensorsFiles, rankFiles(tensorsFiles, sliceFormats));
  const index = withoutIndex ? null : chooseIndex(root, shards);
  const config = CONFIG_FILES.find((name) => root.includes(name)) ?? null;
  const findings = [
    ...(adapter
      ? [
          finding(
            'lora-adapter',
            'This is a LoRA adapter: it changes a base model and has no experts. Merge it into the base model first, then open the result.',
          ),
        ]
      : []),
    ...(index === null ? gaps : []),
    ...unfinishedDownloads(root),
    ...mixedFormats(root, tensorsFiles, shards, index),
    ...(config === null ? [configAbsent()] : []),
    ...(index === null && shards.length > 1 && !withoutIndex
      ? [
          finding(
            'index-absent',
            `There are ${shards.length} shards and no ${INDEX_FILE}; loaders do not find them without it.`,
          ),
        ]
      : []),
  ];
  return { shards, index, config, files, findings };
}

function adapterAlone(identity: string): LoomError {
  return new LoomError(
    'lora-adapter',
    `${identity} holds a LoRA adapter, not a model. Merge it into its base model first, then open the result.`,
  );
}

export function configAbsent(): Finding {
  return finding('config-absent', 'There is no config.json, so the architecture is not known.');
}

/** The plain name first; of variants the one whose word the shards' names carry, or the only one. */
function chooseIndex(root: readonly string[], shards: readonly string[]): string | null {
  if (root.includes(INDEX_FILE)) return INDEX_FILE;
  const indexes = root.flatMap((name) => readIndexName(name) ?? []);
  if (indexes.length === 1) return indexes[0]?.file ?? null;
  const named = indexes.filter(({ variant }) => variant !== null && shards[0]?.split(/[-_.]/).includes(variant));
  const plain = indexes.filter(({ variant }) => variant === null);
  return (named.length === 1 ? named : plain.length === 1 ? plain : [])[0]?.file ?? null;
}

interface Chosen {
  readonly shards: readonly string[];
  /** Which of them should be there too. */
  readonly gaps: Finding[];
}

/**
 * One file called `model.safetensors` is what loaders take first; else the one numbered series, a complete one before
 * others; else every file. What ranks saved is read together where nothing else is complete.
 */
function chooseShards(names: readonly string[], ranked: readonly string[]): Chosen {
  if (names.includes(SINGLE_FILE)) return { shards: [SINGLE_FILE], gaps: [] };
  const all = names.filter((name) => !ADAPTER.test(name) || names.length === 1).sort();
  const isRanked = new Set(ranked);
  const series = seriesOf(all.filter((name) => !isRanked.has(name)));
  const [best] = series.filter(({ total }) => total !== null).sort(byWorth);
  if (ranked.length > 0 && best?.missing.length !== 0) return { shards: all, gaps: [] };
  if (best) return { shards: best.files, gaps: [...severalFindings(best, series), ...gapFindings([best])] };
  return { shards: all, gaps: gapFindings(series) };
}

/**
 * Another split under the same stem that is as complete: folders of two runs copied into one. Other stems are other forms
 * of one model; where one of two is complete, that is the model, and the other a left-over.
 */
function severalFindings(best: Series, series: readonly Series[]): Finding[] {
  const isAsComplete = ({ missing }: Series) => missing.length === 0 || best.missing.length > 0;
  const [other] = series.filter(
    (each) => each.stem === best.stem && each.total !== null && each.total !== best.total && isAsComplete(each),
  );
  if (!other) return [];
  const words = ({ files, total }: Series) =>
    `${files[0]}${files.length > 1 ? ' …' : ''} (${files.length} of ${total})`;
  const message = `The folder has shards of two splits, ${words(best)} and ${words(other)}, and no index says which are the model: files of two runs were copied into one folder. Only the first split is read. Move the other files to another folder.`;
  return [finding('series-several', message, { file: other.files[0] })];
}

function byWorth(a: Series, b: Series): number {
  const isModel = ({ stem }: Series) => Number(/^model\W*$/.test(stem));
  return (
    Number(a.missing.length > 0) - Number(b.missing.length > 0) ||
    b.files.length - a.files.length ||
    isModel(b) - isModel(a)
  );
}

/** Shards that the numbers of the present ones say should be there too. */
export function numberingGaps(names: readonly string[]): Finding[] {
  return chooseShards(names, []).gaps;
}

/** A complete series of shards besides those of `named`, null where there is none. */
export function otherSeries(files: readonly FileEntry[], named: ReadonlySet<string>): readonly string[] | null {
  const names = files.map(({ name }) => name).filter((name) => !name.includes('/') && !named.has(name));
  const whole = seriesOf(names).filter(({ total, missing }) => total !== null && missing.length === 0);
  return whole.sort(byWorth)[0]?.files ?? null;
}

function gapFindings(series: readonly Series[]): Finding[] {
  return series.flatMap(({ files, total, missing }) => {
    if (missing.length === 0) return [];
    const some = missing.slice(0, 3).join(', ') + (missing.length > 3 ? ' …' : '');
    const message = `${files.length} of ${total ?? files.length + missing.length} shards are here; ${some} ${missing.length === 1 ? 'is' : 'are'} missing.`;
    return [finding('shard-missing', message, { file: missing[0] })];
  });
}

function mixedFormats(
  root: readonly string[],
  tensorFiles: readonly string[],
  shards: readonly string[],
  index: string | null,
): Finding[] {
  const other = root.filter(isOtherWeights);
  const aside = index === null ? tensorFiles.filter((name) => !shards.includes(name)) : [];
  const all = [...aside, ...other];
  if (all.length === 0) return [];
  return [
    finding(
      'formats-mixed',
      `Beside the checkpoint (${shards[0]}${shards.length > 1 ? ' …' : ''}) lie other weights that are not read: ${all.slice(0, 3).join(', ')}${all.length > 3 ? ` and ${all.length - 3} more` : ''}.`,
    ),
  ];
}
