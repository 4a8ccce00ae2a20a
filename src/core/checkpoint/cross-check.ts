import type { ShardIndex, TensorInfo } from '../safetensors/types.ts';
import { finding } from './finding.ts';
import type { Finding } from './types.ts';

/** What an index and the headers of its shards say of each other. `headers`: shard name as in the index → its tensors. */
export interface CrossCheck {
  /** Names that the index sends to a shard that lacks them. */
  readonly absent: readonly { readonly tensor: string; readonly shard: string }[];
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
  const findings: Finding[] = [];
  const orphans: { tensor: string; shard: string }[] = [];
  let indexed = 0;
  let all = 0;
  for (const [shard, tensors] of headers) {
    for (const { name, start, end } of tensors.values()) {
      const owner = index.weightMap.get(name);
      all += end - start;
      if (owner === shard) indexed += end - start;
      else if (owner === undefined) orphans.push({ tensor: name, shard });
      else
        findings.push(
          finding('tensor-shadowed', `${name} is also in ${shard}; ${file} says ${owner}, which counts.`, {
            file: shard,
            tensor: name,
          }),
        );
    }
  }
  const [orphan] = orphans;
  if (orphan) findings.push(orphanFinding(orphan, orphans.length, file));
  const complete = [...new Set(index.weightMap.values())].every((shard) => headers.has(shard));
  const { totalSize } = index;
  if (complete && totalSize !== null && totalSize !== indexed && totalSize !== all) {
    findings.push(
      finding('total-size-wrong', `${file} states a total of ${totalSize} bytes; its tensors have ${indexed}.`, {
        file,
      }),
    );
  }
  return { absent, findings };
}

function orphanFinding({ tensor, shard }: { tensor: string; shard: string }, count: number, file: string): Finding {
  const more = count > 1 ? ` and ${count - 1} more tensors are in shards` : ` is in ${shard}`;
  return finding(
    'tensor-orphan',
    `${tensor}${more} but not in ${file}; some loaders read ${count > 1 ? 'them' : 'it'}, some do not. Left out here.`,
    { file: shard, tensor },
  );
}
