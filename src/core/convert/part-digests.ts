import { createHasher, type Hasher } from '../hash.ts';
import type { OutputShard } from '../plan/types.ts';
import type { ShardDigests } from '../verify/read-back.ts';
import type { Item } from './schedule.ts';

/** Tensor → for each of its parts the hash of each span that a kernel made it of; none for parts that no kernel made. */
export type InputDigests = ReadonlyMap<string, readonly (readonly string[])[]>;

/** What is known of a shard once it is made: what it has to read back as, and what the source gave for it. */
export interface ShardEvidence {
  readonly digests: ShardDigests;
  readonly inputs: InputDigests;
}

/** Hashes of a shard's parts, taken as their bytes pass. */
export interface PartDigests {
  /** Bytes of an item; slices of one part come in order, whatever comes between them. */
  take(item: Item, bytes: Uint8Array): Promise<void>;
  /** What a computed item is made of, span by span. */
  takeInputs(item: Item, inputs: readonly Uint8Array[]): void;
  /** @throws TypeError when a part is missing. */
  result(): ShardEvidence;
}

/** Whole parts share one hasher; a part in slices has its own until its last slice. */
export async function createPartDigests(shard: OutputShard): Promise<PartDigests> {
  const shared = await createHasher();
  const open = new Map<string, Hasher>();
  const spare: Hasher[] = [];
  const digests = new Map<string, string[]>(shard.tensors.map((tensor) => [tensor.name, []]));
  const inputs = new Map<string, (readonly string[])[]>();
  const put = ({ tensor, part }: Item, digest: string) => {
    (digests.get(tensor.name) as string[])[part] = digest;
  };
  const hash = (bytes: Uint8Array) => {
    shared.reset();
    shared.update(bytes);
    return shared.digest();
  };
  return {
    take: async (item, bytes) => {
      const { first, last } = item.kind === 'copy' ? item : { first: true, last: true };
      if (first && last) return put(item, hash(bytes));
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
    takeInputs: ({ tensor, part }, spans) => {
      const known = inputs.get(tensor.name) ?? tensor.parts.map(() => []);
      known[part] = spans.map(hash);
      inputs.set(tensor.name, known);
    },
    result: () => {
      for (const tensor of shard.tensors)
        for (const number of tensor.parts.keys())
          if (digests.get(tensor.name)?.[number] === undefined)
            throw new TypeError(`${tensor.name}: part ${number} was never made`);
      return { digests, inputs };
    },
  };
}
