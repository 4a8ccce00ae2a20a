import { type Checkpoint, type CheckpointLayout, type StatisticsCost, statisticsCost } from '../src/core/index.ts';

/** What the measuring worker needs of the inspecting one. */
export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
}

/** The part of the inspecting worker that measuring starts from. */
export interface ValuesDesk {
  /** What measuring these layers (null: all) reads; nothing is read for the answer. */
  statisticsCost(layers: readonly number[] | null): StatisticsCost;
  /** Posts the {@link OpenedCheckpoint} through `port`, past the page. */
  sendCheckpoint(port: MessagePort): void;
}

/** Answers for a checkpoint that the inspecting worker holds. */
export function createValuesDesk(opened: () => OpenedCheckpoint): ValuesDesk {
  return {
    statisticsCost: (layers) => {
      const { checkpoint, layout } = opened();
      return statisticsCost(checkpoint, layout, layers ?? undefined);
    },
    sendCheckpoint: (port) => {
      const { checkpoint, layout } = opened();
      port.postMessage({ checkpoint, layout } satisfies OpenedCheckpoint);
    },
  };
}
