import {
  type Checkpoint,
  type CheckpointLayout,
  cardRows,
  clusterPresets,
  configFor,
  estimateMemory,
  isCardModel,
  type MemorySetup,
  type ModelShape,
  meshOfSetup,
  optionsOf,
  plainReport,
  refuseUnusable,
  shapeFromCheckpoint,
} from '../../src/core/index.ts';
import type { FitCell, FitGrid, MemoryApi, SizeName } from './memory-protocol.ts';

const GPUS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;
/** Columns of "what fits": from one node. */
const GRID_GPUS = GPUS.filter((gpus) => gpus >= 8 && gpus <= 512);
const POWERS = [1, 2, 4, 8, 16, 32, 64] as const;

interface Opened {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
}

/** Answers the planner; the shape is counted once for each checkpoint. */
export function createMemoryCalls(opened: () => Opened): MemoryApi {
  const shapes = new WeakMap<Checkpoint, ModelShape>();
  const shape = (): ModelShape => {
    const { checkpoint, layout } = opened();
    refuseUnusable(checkpoint);
    const made = shapes.get(checkpoint) ?? shapeFromCheckpoint(checkpoint, layout);
    shapes.set(checkpoint, made);
    return made;
  };
  return {
    memory: (setup) => {
      const of = shape();
      const choices = (name: SizeName) => valuesOf(of, setup, name);
      return {
        report: estimateMemory(of, setup),
        presets: clusterPresets(setup, divisors(of.experts), (tried) => meshOfSetup(tried, of)),
        choices: {
          gpus: choices('gpus'),
          ep: choices('ep'),
          cp: choices('cp'),
          tp: choices('tp'),
          pp: choices('pp'),
        },
      };
    },
    memoryGrid: (setup) => gridOf(shape(), setup),
    memoryConfig: (kind, setup, model) =>
      configFor(kind, { model, shape: shape(), options: optionsOf(setup), run: setup }),
    memoryCard: () => (isCardModel(shape()) ? cardRows(shape()) : []),
  };
}

/** Values of one size with which the set-up can be, data parallelism filling the GPUs. */
function valuesOf(shape: ModelShape, setup: MemorySetup, name: SizeName): number[] {
  const candidates = name === 'gpus' ? GPUS : name === 'ep' ? divisors(shape.experts) : POWERS;
  return candidates.filter((value) => {
    const mesh = meshOfSetup({ ...setup, dp: undefined, [name]: value }, shape);
    return !('error' in mesh);
  });
}

function divisors(experts: number): number[] {
  const out = Array.from({ length: experts }, (_, at) => at + 1).filter((each) => experts % each === 0);
  return out.length > 0 ? out : [1];
}

function gridOf(shape: ModelShape, setup: MemorySetup): FitGrid {
  const eps = divisors(shape.experts);
  const cell = (ep: number, gpus: number): FitCell | null => {
    const report = plainReport(shape, { ...setup, dp: undefined, ep, gpus });
    if ('error' in report) return null;
    const { verdict, low, high } = report;
    return { verdict, low, high };
  };
  return { eps, gpus: GRID_GPUS, cells: eps.map((ep) => GRID_GPUS.map((gpus) => cell(ep, gpus))) };
}
