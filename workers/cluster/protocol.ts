import type { ClusterJobs, ClusterWish, PlannedSource, PlanOptions, Target } from '../../src/core/index.ts';

/** The files with which a cluster makes the parts of a plan and joins them. */
export interface ClusterFiles extends ClusterJobs {
  /** The plan file. */
  readonly plan: Blob;
  readonly hash: string;
}

/** Writes what a cluster needs for a conversion of the open checkpoint. */
export interface ClusterService {
  /** @throws LoomError `usage` for a wish that cannot be written, `not-convertible` for a plan that is refused. */
  clusterFiles(
    target: Target,
    options: PlanOptions,
    named: Omit<PlannedSource, 'files'>,
    wish: ClusterWish,
    signal: AbortSignal,
  ): Promise<ClusterFiles>;
}
