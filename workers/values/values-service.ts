import {
  type Checkpoint,
  type CheckpointLayout,
  evidenceCost,
  type StatisticsCost,
  type StatisticsScope,
  statisticsCost,
} from '../../src/core/index.ts';

/** What the measuring worker needs of the inspecting one. */
export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
}

/** The part of the inspecting worker that measuring starts from. */
export interface ValuesService {
  /** What measuring reads; nothing is read for the answer. */
  statisticsCost(scope: StatisticsScope): StatisticsCost;
  /** The most bytes that evidence for a reading takes; 0 where no values would tell. Nothing is read for the answer. */
  evidenceCost(): number;
  /** Posts the {@link OpenedCheckpoint} through `port`, past the page. */
  sendCheckpoint(port: MessagePort): void;
}

/** Answers for a checkpoint that the inspecting worker holds. */
export function createValuesService(opened: () => OpenedCheckpoint): ValuesService {
  return {
    statisticsCost: (scope) => {
      const { checkpoint, layout } = opened();
      return statisticsCost(checkpoint, layout, scope);
    },
    evidenceCost: () => {
      const { checkpoint, layout } = opened();
      return evidenceCost(checkpoint, layout);
    },
    sendCheckpoint: (port) => {
      const { checkpoint, layout } = opened();
      port.postMessage({ checkpoint, layout } satisfies OpenedCheckpoint);
    },
  };
}
