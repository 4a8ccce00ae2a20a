export { COULD_NOT, DONE, EXITS } from '../exits.ts';
export { besidePlan, type ClusterJobs, type ClusterWish, clusterJobs, usualParts } from './jobs.ts';
export { jobNames, type KubernetesJob, kubernetesManifest } from './kubernetes.ts';
export { MAX_TASKS, type PartsOnCluster, USUAL_PARTS } from './parts-on-cluster.ts';
export { slurmScript } from './slurm.ts';
export { CONTAINER_ENGINES, type ContainerEngine, type SlurmJob } from './slurm-job.ts';
