import type { GpuTile, TileLimits } from './tile.ts';

/**
 * One computation with a CPU and a WGSL form, equal to the bit.
 *
 * The GPU form is a value: tiles that a device runs in any order, each writing its own bytes of the output.
 */
export interface Kernel<Spec> {
  readonly name: string;
  /** What kind of work a spec is: `auto` chooses once for each. */
  op(spec: Spec): string;
  /** Length of the output. */
  outputBytes(spec: Spec): number;
  /** The reference. Fills `output`, which has exactly `outputBytes(spec)` bytes; any address, any alignment. */
  cpu(spec: Spec, inputs: readonly Uint8Array[], output: Uint8Array): void;
  /**
   * The CPU form in pieces of about a millisecond, a yield after each: a thread that waits for a device looks after it in
   * between. Without it, the CPU form is one piece.
   */
  slices?(spec: Spec, inputs: readonly Uint8Array[], output: Uint8Array): Iterable<void>;
  /** Null when this spec has no GPU form; pure, also for tensors that no memory holds. */
  tiles(spec: Spec, limits: TileLimits): Iterable<GpuTile> | null;
}
