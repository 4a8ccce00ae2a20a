import type { Command } from 'commander';
import {
  detectLayout,
  formatBytes,
  formatInteger,
  type InspectedLayer,
  type Inspection,
  inspectCheckpoint,
  type ParameterCount,
  plural,
  type ReadingEvidence,
  readingEvidence,
  tensorPlace,
} from '../core/index.ts';
import { interruptSignal, print, printJson } from './common.ts';
import { exitOf } from './damage.ts';
import { mindsLines, withMinds } from './minds.ts';
import { openAssuming } from './reading.ts';
import { type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';

/** `moe-loom inspect <source>`: how the experts are stored, layer by layer. Exit 1 when a finding is an error, 2 when all that is wrong is that files could not be read. */
export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('show how a checkpoint stores its experts')
    .argument('<source>', SOURCE_HELP);
  withReading(command)
    .option(
      '--read-values',
      'read some rows of one layer as evidence if the files do not decide how experts are stored',
    )
    .action(async (source: string, options: InspectFlags) => {
      const signal = interruptSignal();
      const { checkpoint, files, assumed } = await openAssuming(source, options, signal);
      const layout = detectLayout(checkpoint, assumed);
      const inspection = inspectCheckpoint(checkpoint, layout);
      const evidence = options.readValues ? await readingEvidence(checkpoint, layout, files, { signal }) : null;
      if (options.json) printJson({ ...withMinds(inspection), ...(evidence ? { evidence } : {}) });
      else
        print([
          ...describeInspection(inspection),
          ...(assumed.assume?.restsOn ? [assumed.assume.restsOn] : []),
          ...describeEvidence(evidence),
        ]);
      const errors = inspection.findings.filter(({ severity }) => severity === 'error');
      if (errors.length > 0) process.exitCode = exitOf(errors);
    });
}

interface InspectFlags extends ReadingFlags {
  readonly readValues?: boolean;
}

function describeEvidence(evidence: readonly ReadingEvidence[] | null): string[] {
  if (evidence?.length === 0) return ['No values were read, because the files decide how every layer is read.'];
  return evidence?.map(({ message }) => message) ?? [];
}

export function describeInspection(inspection: Inspection): string[] {
  const { modelType, tensors, parameters, bytes, shards, layout } = inspection;
  return [
    `Model type   ${modelType ?? unknownType(inspection)}`,
    `Tensors      ${formatInteger(tensors)} in ${plural(shards, 'shard')}, ${formatBytes(bytes)}`,
    `Parameters   ${formatInteger(parameters)}`,
    ...parameterLines(inspection.parameterCounts),
    `Layout       ${layout}`,
    ...layerLines(inspection.layers),
    ...inspection.findings.flatMap((finding) => [`! ${finding.message} [${finding.tag}]`, ...mindsLines(finding)]),
  ];
}

function unknownType({ findings }: Inspection): string {
  const unusable = findings.some(({ tag }) => tag === 'config-invalid');
  return unusable ? 'unknown (config.json cannot be used)' : 'unknown (no config.json)';
}

function parameterLines(counts: ParameterCount): string[] {
  const {
    active,
    activeUnknown,
    activeWithoutInput,
    activeWithoutEmbeddings,
    routed,
    shared,
    mtp,
    perDtype,
    notCounted,
  } = counts;
  const parts = [`routed experts ${formatInteger(routed)}`];
  if (shared > 0) parts.push(`shared experts ${formatInteger(shared)}`);
  if (mtp > 0) parts.push(`MTP layers ${formatInteger(mtp)}`);
  const dtypes = Object.entries(perDtype).map(([dtype, count]) => `${dtype} ${formatInteger(count)}`);
  return [
    ...(active === null
      ? [`  active     unknown: ${activeUnknown ?? 'the config does not say which experts a token uses'}`]
      : [
          `  active     ${formatInteger(active)} per token, with all embeddings`,
          `             ${formatInteger(activeWithoutInput ?? 0)} without the input embedding`,
          `             ${formatInteger(activeWithoutEmbeddings ?? 0)} without input embedding and output head`,
        ]),
    `  of which   ${parts.join(', ')}`,
    `  stored as  ${dtypes.join(', ')}`,
    ...(notCounted ? [`  not counted ${plural(notCounted.tensors, 'tensor')}: ${notCounted.formats.join(', ')}`] : []),
  ];
}

/** Runs of layers that look the same in one line. */
function layerLines(layers: readonly InspectedLayer[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < layers.length; ) {
    const first = layers[i] as InspectedLayer;
    let j = i + 1;
    while (j < layers.length && look(layers[j] as InspectedLayer) === look(first)) j++;
    const last = layers[j - 1] as InspectedLayer;
    const range = first === last ? `${first.prefix}` : `${first.prefix} … ${last.prefix}`;
    lines.push(`  ${describeLayer(first).padEnd(44)} ${range}`);
    i = j;
  }
  return lines;
}

function look(layer: InspectedLayer): string {
  const { stack, rest } = tensorPlace(layer.prefix);
  return [layer.kind, layer.family, layer.dialect, layer.experts, stack, rest].join();
}

function describeLayer(layer: InspectedLayer): string {
  if (layer.kind === 'dense') return 'dense';
  const dialect = layer.dialect === null ? '' : ` (${layer.dialect})`;
  const experts = layer.experts === null ? '' : `, ${plural(layer.experts, 'expert')}`;
  return `${layer.kind === 'mtp' ? 'MTP, ' : ''}${layer.family}${dialect}${experts}`;
}
