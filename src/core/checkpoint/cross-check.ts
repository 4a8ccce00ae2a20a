import type { ShardIndex, TensorInfo } from '../safetensors/types.ts';
import { plural } from '../units.ts';
import { finding } from './make-finding.ts';
import type { Finding } from './types.ts';

/** What an index and the headers of its shards say of each other. `headers`: shard name as in the index → its tensors. */
export interface CrossCheck {
  /** Names that the index sends to a shard that lacks them. */
  readonly absent: readonly { readonly tensor: string; readonly shard: string }[];
  /** Set where the index is of another state of the shards: it names tensors that are not there, they hold others. */
  readonly stale: Finding | null;
  /** How many tensors stand in another shard than the index says. */
  readonly shadowed: number;
  /** Orphans, shadowed tensors and a wrong total: nothing that keeps the checkpoint from being read. */
  readonly findings: readonly Finding[];
}

/** Compares an index with the headers that could be read; shards that could not are left out of it. */
export function crossCheck(
  index: ShardIndex,
  file: string,
  headers: ReadonlyMap<string, ReadonlyMap<string, TensorInfo>>,
): CrossCheck {
  const absent: { tensor: string; shard: string }[] = [];
  for (const [tensor, shard] of index.weightMap) {
    const held = headers.get(shard);
    if (held && !held.has(tensor)) absent.push({ tensor, shard });
  }
  const orphans: { tensor: string; shard: string }[] = [];
  const shadowed: { tensor: string; shard: string }[] = [];
  let indexed = 0;
  let all = 0;
  for (const [shard, tensors] of headers) {
    for (const { name, start, end } of tensors.values()) {
      const owner = index.weightMap.get(name);
      all += end - start;
      if (owner === shard) indexed += end - start;
      else if (owner === undefined) orphans.push({ tensor: name, shard });
      else shadowed.push({ tensor: name, shard });
    }
  }
  const stale = staleFinding({ index, file, absent, orphans, shadowed });
  if (stale) return { absent, stale, shadowed: shadowed.length, findings: [] };
  const findings = [...shadowFinding(shadowed, index, file), ...orphanFinding(orphans, file)];
  const complete = [...new Set(index.weightMap.values())].every((shard) => headers.has(shard));
  const { totalSize } = index;
  if (complete && totalSize !== null && totalSize !== indexed && totalSize !== all) {
    findings.push(
      finding('total-size-wrong', `${file} states a total of ${totalSize} bytes; its tensors have ${indexed}.`, {
        file,
      }),
    );
  }
  return { absent, stale, shadowed: shadowed.length, findings };
}

interface Place {
  readonly tensor: string;
  readonly shard: string;
}

interface Compared {
  readonly index: ShardIndex;
  readonly file: string;
  readonly absent: readonly Place[];
  readonly orphans: readonly Place[];
  readonly shadowed: readonly Place[];
}

function staleFinding({ index, file, absent, orphans, shadowed }: Compared): Finding | null {
  const [first] = absent;
  if (!first) return null;
  const elsewhere = new Map(shadowed.map(({ tensor, shard }) => [tensor, shard]));
  const moved = absent.find(({ tensor }) => elsewhere.has(tensor));
  const [other] = orphans;
  const how = moved
    ? `it says that ${moved.tensor} is in ${moved.shard}, and it is in ${elsewhere.get(moved.tensor)}`
    : other
      ? `it names ${first.tensor}, which no shard holds, and ${other.shard} holds ${other.tensor}, which it does not name`
      : null;
  if (how === null) return null;
  const many = `${plural(absent.length, 'tensor')} of ${index.weightMap.size} ${absent.length === 1 ? 'is' : 'are'} not where it says`;
  return staleIndex(file, `${how} (${many})`);
}

/** The one sentence for an index that is of other shards than those beside it. */
export function staleIndex(file: string, how: string): Finding {
  return finding(
    'index-stale',
    `${file} is stale: ${how}. Get the index that belongs to these shards, or read the shards without the index (--no-index on the command line).`,
    { file },
  );
}

function shadowFinding(shadowed: readonly Place[], index: ShardIndex, file: string): Finding[] {
  const [first] = shadowed;
  if (!first) return [];
  const { tensor, shard } = first;
  const more = shadowed.length > 1 ? ` The same is true of ${plural(shadowed.length - 1, 'more tensor')}.` : '';
  const message = `${tensor} is also in ${shard}; ${file} says ${index.weightMap.get(tensor)}, which counts.${more}`;
  return [finding('tensor-shadowed', message, { file: shard, tensor })];
}

function orphanFinding(orphans: readonly Place[], file: string): Finding[] {
  const [first] = orphans;
  if (!first) return [];
  const { tensor, shard } = first;
  const count = orphans.length;
  const more = count > 1 ? ` and ${count - 1} more tensors are in shards` : ` is in ${shard}`;
  const message = `${tensor}${more} but not in ${file}; some loaders read ${count > 1 ? 'them' : 'it'}, some do not. Left out here.`;
  return [finding('tensor-orphan', message, { file: shard, tensor })];
}
