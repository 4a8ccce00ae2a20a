import type { Emitted } from '../embed/emitted.ts';
import { shellWord } from '../embed/shell.ts';
import { LoomError } from '../errors.ts';
import { jobNames, kubernetesManifest } from './kubernetes.ts';
import { absolutePath, USUAL_PARTS } from './parts-on-cluster.ts';
import { slurmScript } from './slurm.ts';

/** What a plan file says of itself: its hash, and what is to be opened; without an endpoint that is no repo of a Hub. */
export interface PlannedHere {
  readonly hash: string;
  readonly source: { readonly open: string; readonly endpoint: string | null };
}

/** What a person says of the cluster. Paths are those of its nodes, and absolute. */
export interface ClusterWish {
  /** The folder that plan and script are copied into, on a file system that every node has. The output goes beside them. */
  readonly folder: string;
  /** Where the source lies there; null for the place that the plan names. */
  readonly source: string | null;
  readonly parts: number;
  /** What Kubernetes runs and where plan and output lie; null without Kubernetes. */
  readonly kubernetes: { readonly image: string; readonly claim: string } | null;
}

/** A file of a job, with the commands that run it in the folder that it was copied into. */
export interface ClusterJob<Language extends 'shell' | 'yaml'> {
  readonly file: string;
  readonly text: Emitted<Language>;
  readonly commands: readonly string[];
}

export interface ClusterJobs {
  readonly slurm: ClusterJob<'shell'>;
  /** `mount`: where its pods see the root of the volume. */
  readonly kubernetes: (ClusterJob<'yaml'> & { readonly mount: string }) | null;
}

/** A name beside the plan file, which says whose it is. */
export function besidePlan(plan: string, what: string): string {
  return `${plan.replace(/\.json$/, '')}-${what}`;
}

/** Parts where nobody says how many. No more than shards: the others would be empty. */
export function usualParts(shards: number): number {
  return Math.min(USUAL_PARTS, shards);
}

/**
 * The files with which Slurm and Kubernetes convert a plan in parts, with the usual choices. `moe-loom job` has all choices.
 *
 * @throws LoomError `usage`, with what to enter.
 */
export function clusterJobs(
  { hash, source }: PlannedHere,
  { folder, source: there, parts, kubernetes }: ClusterWish,
): ClusterJobs {
  if (there === null && source.endpoint === null)
    throw new LoomError('usage', 'Enter where the checkpoint lies on the cluster: a folder, or org/name of the Hub.');
  const home = absolutePath('The folder on the cluster', folder).replace(/\/+$/, '');
  const common = {
    hash,
    parts,
    source: there ?? undefined,
    reads: source.endpoint === null ? source.open : null,
    endpoint: source.endpoint ?? undefined,
  };
  const within = (folder: string) => ({
    ...common,
    plan: `${folder}/plan.json`,
    out: besidePlan(`${folder}/plan.json`, 'out'),
  });
  const script = 'job-slurm.sh';
  const manifest = 'job-kubernetes.yaml';
  const { join } = jobNames({ hash });
  const mount = mountOf(home, there);
  return {
    slurm: {
      file: script,
      text: slurmScript({ ...within(home), logs: besidePlan(`${home}/plan.json`, 'logs') }),
      commands: [`bash ${shellWord(`${home}/${script}`)}`],
    },
    kubernetes: kubernetes && {
      mount,
      file: manifest,
      text: kubernetesManifest({ ...within(home), ...kubernetes, mount }),
      commands: [`kubectl apply -f ${manifest}`, `kubectl wait --for=condition=complete --timeout=-1s job/${join}`],
    },
  };
}

/** The deepest folder that holds the job's folder and a source that is a path: one volume is mounted there. */
function mountOf(home: string, source: string | null): string {
  if (source === null || !source.startsWith('/')) return home;
  const [ours, theirs] = [home.split('/'), source.split('/')];
  const differ = ours.findIndex((part, at) => part !== theirs[at]);
  return differ < 0 ? home : ours.slice(0, differ).join('/') || '/';
}
