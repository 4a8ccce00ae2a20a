import { type Emitted, joined } from '../embed/emitted.ts';
import { shellWord } from '../embed/shell.ts';
import { LoomError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { absolutePath, heldText, IMAGE_COMMAND } from './parts-on-cluster.ts';
import type { SlurmJob } from './slurm-job.ts';

/**
 * The words before `convert` and `join` on a node.
 *
 * @throws LoomError `usage` for flags that cannot be combined, and for paths that cannot be mounted.
 */
export function startOnSlurm(job: SlurmJob): Emitted<'shell'> {
  return joined(wordsOf(job).map(shellWord), ' ');
}

function wordsOf({ container, containerEngine = 'apptainer', program, npx, ...job }: SlurmJob): readonly string[] {
  if (npx && (program !== undefined || container !== undefined))
    throw new LoomError('usage', '--npx cannot be combined with --program or --container. Give one of them.');
  if (npx) return ['npx', '--yes', `moe-loom@${VERSION}`];
  const node = program === undefined ? null : ['node', absolutePath('--program', program)];
  if (container === undefined) return node ?? ['moe-loom'];
  if (container.startsWith('-') || heldText('--container', container).includes('\n'))
    throw new LoomError('usage', `--container takes an image or the path of one, not ${JSON.stringify(container)}.`);
  const mounts = mountsOf(job);
  const start =
    containerEngine === 'pyxis'
      ? [
          'srun',
          `--container-image=${container}`,
          `--container-mounts=${mounts.map((path) => `${path}:${path}`).join()}`,
        ]
      : ['apptainer', 'exec', ...mounts.map((path) => `--bind=${path}`), container];
  return [...start, ...(node ?? IMAGE_COMMAND)];
}

/** What a container has to see: the plan, the output folder and a source that is a path. */
function mountsOf({ plan, out, source, reads }: Pick<SlurmJob, 'plan' | 'out' | 'source' | 'reads'>): string[] {
  const from = source?.startsWith('/') ? source : reads;
  const paths = [plan, out, ...(from ? [from] : [])];
  const wrong = paths.find((path) => /[,:\\\n"]/.test(path));
  if (wrong === undefined) return paths;
  const why = 'a comma, a colon, a quote, a backslash or a line break ends the path of a mount';
  throw new LoomError('usage', `--container cannot mount ${JSON.stringify(wrong)}: ${why}. Rename it.`);
}
