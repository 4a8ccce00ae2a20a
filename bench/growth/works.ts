import {
  type Checkpoint,
  type CheckpointLayout,
  createMemorySink,
  detectLayout,
  mapExperts,
  openCheckpoint,
  planConversion,
  predictLoads,
  runPlan,
} from '../../src/core/index.ts';
import { LENGTH_BYTES, parseHeader, parseHeaderLength } from '../../src/core/safetensors/parse-header.ts';
import type { Model } from './models.ts';

/** A model, opened and detected, so that each piece of work is measured without those before it. */
export interface Ready extends Model {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
  /** Most bytes of an output shard: as many shards come out as went in. */
  readonly maxShardBytes: number;
}

export async function readyOf(model: Model, shards: number): Promise<Ready> {
  const checkpoint = await openCheckpoint(model.files);
  const bytes = checkpoint.shards.reduce((sum, { byteLength, dataStart }) => sum + byteLength - dataStart, 0);
  return { ...model, checkpoint, layout: detectLayout(checkpoint), maxShardBytes: Math.ceil(bytes / shards) };
}

/** The pieces of work whose growth is measured. */
export const WORKS: Readonly<Record<string, (ready: Ready) => unknown>> = {
  'header parse': ({ first }) => {
    const where = { file: 'bench', fileSize: first.length };
    const length = parseHeaderLength(first, where);
    return parseHeader(first.subarray(LENGTH_BYTES, LENGTH_BYTES + length), where);
  },
  open: ({ files }) => openCheckpoint(files),
  detectLayout: ({ checkpoint }) => detectLayout(checkpoint),
  planConversion: ({ checkpoint, maxShardBytes }) => planned(checkpoint, maxShardBytes),
  mapExperts: ({ checkpoint, layout }) => mapExperts(checkpoint, layout, { complete: true }),
  'loads verdicts': ({ checkpoint, layout }) => predictLoads(checkpoint, layout),
  conversion: ({ checkpoint, files, maxShardBytes }) =>
    runPlan(planned(checkpoint, maxShardBytes), { files, sink: createMemorySink() }),
};

function planned(checkpoint: Checkpoint, maxShardBytes: number) {
  const plan = planConversion(checkpoint, 'stacked', { maxShardBytes });
  if (plan.refusals.length > 0) throw new Error(plan.refusals.map(({ message }) => message).join(' '));
  return plan;
}
