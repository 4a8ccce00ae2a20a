import { comment } from '../embed/comment.ts';
import { type Emitted, joined } from '../embed/emitted.ts';
import { TOOL } from '../embed/tool.ts';
import { type YamlMapping, yamlDocuments } from '../embed/yaml.ts';
import { LoomError } from '../errors.ts';
import { FINAL_EXITS } from '../exits.ts';
import { FINAL_EXIT, FINAL_EXIT_VARIABLE } from '../final-exit.ts';
import { isName, matching, pathIn } from './kubernetes-values.ts';
import { checkParts, heldText, IMAGE_COMMAND, type PartsOnCluster } from './parts-on-cluster.ts';

/** What Kubernetes is asked for. Paths are those of the pods, below `mount`. */
export interface KubernetesJob extends PartsOnCluster {
  /** An image with the command, such as one made from `deploy/Dockerfile`. */
  readonly image: string;
  /** The claim of a volume that many nodes can write (ReadWriteMany): plan, output and a source that is a folder lie on it. */
  readonly claim: string;
  readonly mount: string;
  /** Also makes the claim, of this size. */
  readonly claimSize?: string | undefined;
  readonly storageClass?: string | undefined;
  readonly namespace?: string | undefined;
  /** Processors and memory of a part, as Kubernetes writes quantities. */
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  /** User and group that own the output, by number: neither is root. */
  readonly user?: number | undefined;
  readonly group?: number | undefined;
  /** A Secret whose key HF_TOKEN the parts read the source with. */
  readonly tokenSecret?: string | undefined;
}

/** `nonroot` of distroless images. */
const USUAL_USER = 65_532;
/** Times that a part or the join is tried again after an end that a retry may change. */
const RETRIES = 6;
/** The join waits a day for each round of parts that run at the same time, and no more than a week. */
const MOST_DAYS_OF_THE_JOIN = 7;
const SECONDS_OF_A_DAY = 86_400;
/** It waits most of its time, so that it keeps no processors from the parts. */
const CPU_OF_THE_JOIN = '100m';
/** Seconds for ending the shard that is written. */
const SECONDS_TO_STOP = 120;

/** Names of the two Jobs. */
export function jobNames({ hash }: Pick<KubernetesJob, 'hash'>): { readonly parts: string; readonly join: string } {
  const name = `moe-loom-${hash.slice(0, 8)}`;
  return { parts: `${name}-parts`, join: `${name}-join` };
}

/**
 * A manifest of an Indexed Job with a pod for each part, of the Job that joins them, and of the claim if its size is given.
 *
 * @throws LoomError `usage`, naming the flag whose value Kubernetes would refuse.
 */
export function kubernetesManifest(job: KubernetesJob): Emitted<'yaml'> {
  checkParts(job);
  const about = [
    `Converts ${job.plan} (plan ${job.hash.slice(0, 12)}) in ${job.parts} parts and joins them: written by ${TOOL}.`,
    'Start it with: kubectl apply -f <this file>. After a failure, delete its Jobs and apply it again: finished shards are kept.',
  ];
  const documents = [
    ...(job.claimSize === undefined ? [] : [claimOf(job, job.claimSize)]),
    partsJob(job),
    joinJob(job),
  ];
  return joined<'yaml'>([...about.map((line) => comment<'yaml'>(line)), yamlDocuments(documents)]);
}

function metadata({ namespace }: KubernetesJob, name: string): YamlMapping {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace: isName('--namespace', namespace, 'label') }),
    labels: { 'app.kubernetes.io/name': 'moe-loom' },
  };
}

function claimOf(job: KubernetesJob, size: string): YamlMapping {
  const { claim, storageClass } = job;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metadata(job, isName('--claim', claim, 'subdomain')),
    spec: {
      accessModes: ['ReadWriteMany'],
      ...(storageClass === undefined ? {} : { storageClassName: isName('--storage-class', storageClass, 'subdomain') }),
      resources: { requests: { storage: matching('--claim-size', size, 'quantity') } },
    },
  };
}

/** A node that is drained or preempted says nothing about what ran there. */
const DISRUPTED: YamlMapping = {
  action: 'Ignore',
  onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
};

function partsJob(job: KubernetesJob): YamlMapping {
  const { parts, atOnce = parts } = job;
  const convert = ['convert', `--plan=${planIn(job)}`, `--out=${outIn(job)}`, ...sourceFlags(job)].map(literal);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(job, jobNames(job).parts),
    spec: {
      completionMode: 'Indexed',
      completions: parts,
      parallelism: Math.min(atOnce, parts),
      backoffLimitPerIndex: RETRIES,
      podFailurePolicy: {
        rules: [
          DISRUPTED,
          { action: 'FailIndex', onExitCodes: { containerName: 'part', operator: 'In', values: FINAL_EXITS } },
        ],
      },
      template: pod(job, {
        restartPolicy: 'Never',
        containers: [container(job, 'part', [...convert, `--part=$(JOB_COMPLETION_INDEX)+1/${parts}`])],
      }),
    },
  };
}

/**
 * It waits in an init container for the end of the last part. The Job fails at once where a part has failed for good, or where the
 * join ends with what a retry cannot change; the condition of the Job names container and exit code.
 */
function joinJob(asked: KubernetesJob): YamlMapping {
  const job = { ...asked, cpu: asked.cpu === undefined ? undefined : CPU_OF_THE_JOIN };
  const { parts, atOnce = parts } = job;
  const of = (...words: string[]) => words.map(literal);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(job, jobNames(job).join),
    spec: {
      backoffLimit: RETRIES,
      activeDeadlineSeconds: Math.min(MOST_DAYS_OF_THE_JOIN, Math.ceil(parts / atOnce)) * SECONDS_OF_A_DAY,
      podFailurePolicy: {
        rules: [
          DISRUPTED,
          ...['wait', 'join'].map((containerName) => ({
            action: 'FailJob',
            onExitCodes: { containerName, operator: 'In', values: FINAL_EXITS },
          })),
        ],
      },
      template: pod(job, {
        restartPolicy: 'Never',
        initContainers: [container(job, 'wait', of('status', '--wait', planIn(job), outIn(job)))],
        containers: [container(job, 'join', of('join', planIn(job), outIn(job), ...sourceFlags(job)))],
      }),
    },
  };
}

function pod(job: KubernetesJob, spec: YamlMapping): YamlMapping {
  const { user = USUAL_USER, group = USUAL_USER } = job;
  if (user === 0 || group === 0)
    throw new LoomError('usage', '--run-as takes numbers of a user and a group other than root.');
  return {
    metadata: { labels: { 'app.kubernetes.io/name': 'moe-loom' } },
    spec: {
      ...spec,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: SECONDS_TO_STOP,
      securityContext: {
        ...{ runAsNonRoot: true, runAsUser: user, runAsGroup: group, fsGroup: group },
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: isName('--claim', job.claim, 'subdomain') } },
        { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
      ],
    },
  };
}

function container(job: KubernetesJob, name: string, args: readonly string[]): YamlMapping {
  const { image, program, tokenSecret, cpu, memory, mount } = job;
  const command = program === undefined ? IMAGE_COMMAND : ['node', pathIn('--program', program, '/')];
  const asked = {
    ...(cpu === undefined ? {} : { cpu: matching('--cpu', cpu, 'quantity') }),
    ...(memory === undefined ? {} : { memory: matching('--memory', memory, 'quantity') }),
  };
  return {
    name,
    image: matching('--image', image, 'image'),
    command: command.map(literal),
    args,
    env: [
      { name: 'HOME', value: '/tmp' },
      { name: FINAL_EXIT_VARIABLE, value: String(FINAL_EXIT) },
      ...(tokenSecret === undefined ? [] : [tokenFrom(tokenSecret)]),
    ],
    ...(Object.keys(asked).length === 0 ? {} : { resources: { requests: asked, limits: limitsOf(asked) } }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'data', mountPath: mountOf(mount) },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

/** Memory alone is limited: a limit of processors would slow a part on a node that has some to spare. */
function limitsOf({ memory }: { readonly memory?: string }): YamlMapping {
  return memory === undefined ? {} : { memory };
}

function tokenFrom(secret: string): YamlMapping {
  const name = isName('--token-secret', secret, 'subdomain');
  return { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name, key: 'HF_TOKEN' } } };
}

/** @throws LoomError `usage`: Kubernetes refuses colons there. */
function mountOf(mount: string): string {
  const path = pathIn('--mount', mount, '/');
  if (path.length > 1 && !path.includes(':')) return path;
  throw new LoomError('usage', `--mount takes a folder without a colon, other than /, not ${JSON.stringify(mount)}.`);
}

const planIn = ({ plan, mount }: KubernetesJob) => pathIn('--plan-path', plan, mount);
const outIn = ({ out, mount }: KubernetesJob) => pathIn('--out', out, mount);

/** @throws LoomError `usage` for a folder that the pods do not see. */
function sourceFlags({ source, endpoint, reads, mount }: KubernetesJob): string[] {
  const path = source ?? reads ?? null;
  if (path?.startsWith('/')) pathIn('--source', path, mount);
  return [
    ...(source === undefined ? [] : [`--source=${heldText('--source', source)}`]),
    ...(endpoint === undefined ? [] : [`--endpoint=${heldText('--endpoint', endpoint)}`]),
  ];
}

/** Kubernetes puts variables in the place of `$(NAME)`, and reads `$$` as `$`. */
function literal(word: string): string {
  return word.replaceAll('$', '$$$$');
}
