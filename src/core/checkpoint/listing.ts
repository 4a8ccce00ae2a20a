import { LoomError } from '../errors.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import type { FileEntry } from '../source/types.ts';
import { finding } from './finding.ts';
import type { Finding } from './types.ts';
import { unfinishedDownloads } from './unfinished.ts';

const NUMBERED = /^(.*)-(\d{5,})-of-(\d{5,})\.safetensors$/;
/** Names that loaders look for, in their order: one file before an index. */
export const SINGLE_FILE = 'model.safetensors';
/** Weights in other formats, which we name and never read. */
const OTHER_WEIGHTS = /(\.(bin|pt|pth|ckpt|gguf|h5|msgpack|onnx|npz)|\.bin\.index\.json)$/;
const ADAPTER = /^adapter_(model\.(safetensors|bin)|config\.json)$/;

/** Which files of a set make up the checkpoint. */
export interface Listing {
  /** Shards to read when no index says otherwise, natural order. */
  readonly shards: readonly string[];
  readonly index: string | null;
  readonly config: string | null;
  readonly files: readonly FileEntry[];
  readonly findings: readonly Finding[];
}

/** True for a file that holds weights in a format other than safetensors. */
export function isOtherWeights(name: string): boolean {
  return (
    OTHER_WEIGHTS.test(name) && !/(^|\/)(training_args|scheduler|optimizer|rng_state[^/]*)\.(bin|pt|pth)$/.test(name)
  );
}

/**
 * Picks the checkpoint out of a set of files: the safetensors files at its root.
 *
 * @throws LoomError `no-checkpoint` when there are none, with the sub-folders that have some.
 */
export function listCheckpoint(identity: string, files: readonly FileEntry[]): Listing {
  // `._model.safetensors` is what macOS writes beside a file on other disks: no name with a dot before it is a shard.
  const root = files.map((file) => file.name).filter((name) => !name.includes('/') && !name.startsWith('.'));
  const tensorsFiles = root.filter((name) => /\.safetensors$/i.test(name));
  const adapter = root.some((name) => ADAPTER.test(name));
  if (tensorsFiles.length === 0) throw nothingHere(identity, files, adapter);
  const index = chooseIndex(root);
  const shards = chooseShards(tensorsFiles);
  const findings = [
    ...(adapter
      ? [
          finding(
            'lora-adapter',
            'This is a LoRA adapter: it changes a base model and holds no experts of its own. Merge it into the base model first, then open the result.',
          ),
        ]
      : []),
    ...(index === null ? numberingGaps(shards) : []),
    ...unfinishedDownloads(root),
    ...mixedFormats(root, tensorsFiles, shards, index),
    ...(root.includes('config.json')
      ? []
      : [finding('config-absent', 'There is no config.json, so the architecture is not known.')]),
    ...(index === null && shards.length > 1
      ? [
          finding(
            'index-absent',
            `There are ${shards.length} shards and no ${INDEX_FILE}; loaders will not find them without it.`,
          ),
        ]
      : []),
  ];
  return { shards, index, config: root.includes('config.json') ? 'config.json' : null, files, findings };
}

function nothingHere(identity: string, files: readonly FileEntry[], adapter: boolean): LoomError {
  if (adapter) {
    return new LoomError(
      'lora-adapter',
      `${identity} holds a LoRA adapter, not a model. Merge it into its base model first, then open the result.`,
    );
  }
  const folders = [
    ...new Set(
      files
        .filter((file) => file.name.endsWith('.safetensors'))
        .map((file) => file.name.slice(0, file.name.lastIndexOf('/'))),
    ),
  ];
  const others = files.filter((file) => isOtherWeights(file.name)).length;
  const hint =
    folders.length > 0
      ? ` Its sub-folder ${folders.slice(0, 3).join(', ')} does: open that.`
      : others > 0
        ? ` It holds ${others} weight files in other formats; only safetensors can be read here.`
        : '';
  return new LoomError('no-checkpoint', `There is no safetensors file in ${identity}.${hint}`, { file: identity });
}

function chooseIndex(root: readonly string[]): string | null {
  if (root.includes(INDEX_FILE)) return INDEX_FILE;
  const others = root.filter((name) => name.endsWith('.safetensors.index.json'));
  return others.length === 1 ? (others[0] ?? null) : null;
}

/** One file called `model.safetensors` is what loaders take first; else the one numbered series; else every file. */
function chooseShards(names: readonly string[]): readonly string[] {
  if (names.includes(SINGLE_FILE)) return [SINGLE_FILE];
  const series = new Map<string, string[]>();
  for (const name of names) {
    const match = NUMBERED.exec(name);
    if (match) series.set(`${match[1]}/${match[3]}`, [...(series.get(`${match[1]}/${match[3]}`) ?? []), name]);
  }
  const longest = [...series].sort(
    (a, b) => b[1].length - a[1].length || Number(b[0].startsWith('model/')) - Number(a[0].startsWith('model/')),
  )[0];
  if (longest) return longest[1].sort();
  return [...names].filter((name) => !ADAPTER.test(name) || names.length === 1).sort();
}

/** Shards that the numbering of the present ones says should be there too. */
export function numberingGaps(shards: readonly string[]): Finding[] {
  const match = NUMBERED.exec(shards[0] ?? '');
  if (!match) return [];
  const [, stem = '', number = '', total = ''] = match;
  const present = new Set(shards);
  const missing: string[] = [];
  for (let i = 1; i <= Number(total) && i <= 10_000; i++) {
    const name = `${stem}-${String(i).padStart(number.length, '0')}-of-${total}.safetensors`;
    if (!present.has(name)) missing.push(name);
  }
  if (missing.length === 0) return [];
  const some = missing.slice(0, 3).join(', ') + (missing.length > 3 ? ' …' : '');
  return [
    finding(
      'shard-missing',
      `${shards.length} of ${Number(total)} shards are here; ${some} ${missing.length === 1 ? 'is' : 'are'} missing.`,
      {
        file: missing[0],
      },
    ),
  ];
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
