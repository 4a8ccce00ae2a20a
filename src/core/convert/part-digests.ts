import { createHasher, type Hasher } from '../hash.ts';
import type { OutputShard } from '../plan/types.ts';
import type { ShardDigests } from '../verify/read-back.ts';
import type { Item } from './schedule.ts';

/** Hashes of a shard's parts, taken as their bytes pass. */
export interface PartDigests {
  /** Bytes of an item; slices of one part come in order, whatever comes between them. */
  take(item: Item, bytes: Uint8Array): Promise<void>;
  /** @throws TypeError when a part is missing. */
  result(): ShardDigests;
}

/** Whole parts share one hasher; a part in slices has its own until its last slice. */
export async function createPartDigests(shard: OutputShard): Promise<PartDigests> {
  const shared = await createHasher();
  const open = new Map<string, Hasher>();
  const spare: Hasher[] = [];
  const digests = new Map<string, string[]>(shard.tensors.map((tensor) => [tensor.name, []]));
  const put = ({ tensor, part }: Item, digest: string) => {
    (digests.get(tensor.name) as string[])[part] = digest;
  };
  return {
    take: async (item, bytes) => {
      const { first, last } = item.kind === 'copy' ? item : { first: true, last: true };
      if (first && last) {
        shared.reset();
        shared.update(bytes);
        put(item, shared.digest());
        return;
      }
      const key = `${item.part} ${item.tensor.name}`;
      const hasher = open.get(key) ?? spare.pop() ?? (await createHasher());
      if (first) hasher.reset();
      open.set(key, hasher);
      hasher.update(bytes);
      if (!last) return;
      put(item, hasher.digest());
      open.delete(key);
      spare.push(hasher);
    },
    result: () => {
      for (const tensor of shard.tensors)
        for (const number of tensor.parts.keys())
          if (digests.get(tensor.name)?.[number] === undefined)
            throw new TypeError(`${tensor.name}: part ${number} was never made`);
      return digests;
    },
  };
}
