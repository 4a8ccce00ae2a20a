import { createDigester } from '../../hash.ts';
import type { ConversionPlan, Operation, OutputTensor, Part, Span } from '../../plan/types.ts';
import { VERSION } from '../../version.ts';
import type { PartJson, PlanJson } from './schema.ts';
import { PLAN_FORMAT, PLAN_VERSION, type PlanFile, type PlannedCard, type PlannedSource } from './types.ts';

/** What a plan file is made of. */
export interface PlanFileParts {
  readonly plan: ConversionPlan;
  readonly source: PlannedSource;
  readonly card: PlannedCard | null;
}

/**
 * The text of a plan file: JSON with a line for each shard, so that two plans can be compared with `diff`.
 *
 * What follows from the rest (offsets, headers, the index) is not in it, only its hash.
 */
export async function formatPlanFile(parts: PlanFileParts): Promise<{ readonly text: string; readonly hash: string }> {
  const body = await bodyOf(parts);
  const hash = await hashOfBody(body);
  const { shards, format, version, ...rest } = body;
  const head = JSON.stringify({ format, version, hash, ...rest });
  const lines = shards.map((shard) => JSON.stringify(shard)).join(',\n');
  return { text: `${head.slice(0, -1)},"shards":[\n${lines}\n]}\n`, hash };
}

/** The same as a value, as the machine that planned has it. */
export async function planFileOf(parts: PlanFileParts): Promise<PlanFile> {
  return { ...parts, hash: await hashOfBody(await bodyOf(parts)) };
}

/** SHA-256 of the JSON of everything but the hash, without spaces, its keys in their order. */
export async function hashOfBody(body: unknown): Promise<string> {
  const { shards, ...rest } = body as { readonly shards: readonly unknown[] };
  const digester = await createDigester();
  const text = new TextEncoder();
  digester.update(text.encode(JSON.stringify(rest)));
  for (const shard of shards) digester.update(text.encode(`\n${JSON.stringify(shard)}`));
  return digester.digest();
}

/** SHA-256 in hex. */
export async function sha256Hex(bytes: Uint8Array | string): Promise<string> {
  const digester = await createDigester();
  digester.update(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
  return digester.digest();
}

async function bodyOf({ plan, source, card }: PlanFileParts): Promise<PlanJson> {
  const files = new Map(source.files.map(({ name }, index) => [name, index]));
  const operations = new Map<string, { readonly row: number; readonly list: readonly Operation[] }>();
  const rowOf = (list: readonly Operation[]) => {
    const known = operations.get(list.join()) ?? { row: operations.size, list };
    operations.set(list.join(), known);
    return known.row;
  };
  const shards: PlanJson['shards'] = [];
  for (const { file, byteLength, header, tensors } of plan.shards)
    shards.push({
      file,
      byteLength,
      header: await sha256Hex(header),
      tensors: tensors.map((tensor) => tensorJson(tensor, rowOf(tensor.operations), files)),
    });
  const copy = <T>(value: T) => JSON.parse(JSON.stringify(value)) as never;
  return {
    format: PLAN_FORMAT,
    version: PLAN_VERSION,
    tool: `moe-loom ${VERSION}`,
    identity: plan.source,
    source: copy(source),
    target: plan.target,
    scope: plan.scope,
    layers: plan.layers === null ? null : [...plan.layers],
    groups: copy(plan.groups),
    notes: [...plan.notes],
    ...(plan.assumed ? { assumed: [...plan.assumed] } : {}),
    unpacked: copy(plan.unpacked),
    configChanges: copy(plan.configChanges),
    config: copy(plan.config),
    metadata: copy(plan.metadata),
    copies: copy(plan.copies),
    skipped: copy(plan.skipped),
    card: copy(card),
    index: await sha256Hex(plan.index),
    operations: [...operations.values()].map(({ list }) => [...list]),
    shards,
  };
}

function tensorJson(tensor: OutputTensor, operations: number, files: ReadonlyMap<string, number>) {
  const { name, dtype, shape, exactShape, expert, parts } = tensor;
  return {
    name,
    dtype,
    shape: [...shape],
    ...(exactShape ? { exactShape: exactShape.map(String) } : {}),
    operations,
    ...(expert ? { expert } : {}),
    parts: parts.map((part) => partJson(part, files)),
  };
}

function partJson(part: Part, files: ReadonlyMap<string, number>): PartJson {
  const span = ({ file, start, end }: Span): [number, number, number] => {
    const number = files.get(file);
    if (number === undefined) throw new TypeError(`${file} is read by the plan and is no file of its source`);
    return [number, start, end];
  };
  if (part.kind === 'copy') return span(part.span);
  if (part.kind === 'bytes') return { kind: 'bytes', bytes: [...part.bytes], origin: span(part.origin) };
  return { ...structuredClone(part), spans: part.spans.map(span) } as PartJson;
}
