import type { PartsOnCluster } from './parts-on-cluster.ts';

/** How a container is started on a node: by Apptainer, or by Slurm itself with enroot and pyxis. */
export const CONTAINER_ENGINES = ['apptainer', 'pyxis'] as const;
export type ContainerEngine = (typeof CONTAINER_ENGINES)[number];

/** What Slurm is asked for. Paths are those of the nodes. */
export interface SlurmJob extends PartsOnCluster {
  /** Folder of the log files; it is made when the script is run. Not the output folder, which holds nothing else. */
  readonly logs: string;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  readonly constraint?: string | undefined;
  /** As sbatch takes it: minutes, `HH:MM:SS`, `D-HH:MM:SS`. */
  readonly time?: string | undefined;
  /** Memory of a part, such as `8G`. */
  readonly mem?: string | undefined;
  readonly cpus?: number | undefined;
  /** Names of environment modules, loaded in this order. */
  readonly modules?: readonly string[] | undefined;
  /** An image, or the path of one. */
  readonly container?: string | undefined;
  readonly containerEngine?: ContainerEngine | undefined;
  /** A folder on the node's own disk, or `$NAME` for the one that a variable of the node names. */
  readonly scratch?: string | undefined;
}
