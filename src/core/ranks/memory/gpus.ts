import { H100_GIB } from './constants.ts';

/** A GPU that runs are planned for. */
export interface GpuModel {
  readonly id: string;
  readonly title: string;
  /** GiB that programs can use: what `torch.cuda.mem_get_info` gives as the total. */
  readonly gib: number;
}

/** The GPUs that a set-up can choose by name, the smallest memory first. */
export const GPU_MODELS: readonly GpuModel[] = [
  { id: 'a100-40', title: 'A100 (small)', gib: 39.4 },
  { id: 'h100', title: 'H100', gib: H100_GIB },
  { id: 'h100-nvl', title: 'H100 NVL', gib: 94.5 },
  { id: 'h200', title: 'H200', gib: 139.7 },
  { id: 'b200', title: 'B200', gib: 178.4 },
];

/** GB of 10⁹ bytes: the unit that every report prints. */
export function gpuGigabytes({ gib }: Pick<GpuModel, 'gib'>): number {
  return (gib * 2 ** 30) / 1e9;
}
