import type { OutputTensor } from '../plan/types.ts';
import { KIB, MIB } from '../units.ts';
import type { Item } from './schedule.ts';

/** A tensor of many small parts (scales, biases) is put together in memory: a write a part would cost more than its bytes. */
const TENSOR_BYTES = MIB;
const MEAN_PART_BYTES = 64 * KIB;
/** All tensors that are being put together at once. */
const TOTAL_BYTES = 16 * MIB;

/** Small tensors on their way together. */
export interface Staging {
  /** Keeps an item's bytes; false where they are to be written as they are. */
  keep(item: Item, bytes: Uint8Array): boolean;
  /** Tensors that became whole since the last call. */
  whole(): { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
}

interface Staged {
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

export function createStaging(): Staging {
  const open = new Map<OutputTensor, Staged>();
  let done: { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = [];
  let held = 0;
  const begin = (tensor: OutputTensor): Staged | null => {
    const small = tensor.byteLength <= TENSOR_BYTES && tensor.byteLength <= MEAN_PART_BYTES * tensor.parts.length;
    if (!small || tensor.parts.length < 2 || held + tensor.byteLength > TOTAL_BYTES) return null;
    const staged = { bytes: new Uint8Array(tensor.byteLength), filled: 0 };
    held += tensor.byteLength;
    open.set(tensor, staged);
    return staged;
  };
  /** Tensors of which something was written past us; the rest has to go the same way. */
  const passed = new Set<OutputTensor>();
  return {
    keep: ({ tensor, offset, length }, bytes) => {
      if (passed.has(tensor)) return false;
      const staged = open.get(tensor) ?? begin(tensor);
      if (!staged) {
        passed.add(tensor);
        return false;
      }
      staged.bytes.set(bytes, offset - tensor.start);
      staged.filled += length;
      if (staged.filled < tensor.byteLength) return true;
      open.delete(tensor);
      held -= tensor.byteLength;
      done.push({ offset: tensor.start, bytes: staged.bytes });
      return true;
    },
    whole: () => {
      const ready = done;
      done = [];
      return ready;
    },
  };
}
