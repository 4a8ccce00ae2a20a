import * as v from 'valibot';
import { isLoomError, LoomError } from '../../errors.ts';
import { isInside } from '../../inside.ts';
import { indexText, peakOf } from '../../plan/derived.ts';
import { shardName } from '../../plan/packing.ts';
import { PICTURE_FILES, planSideFiles, REPORT_FILE } from '../../plan/side-files.ts';
import { TARGETS } from '../../plan/targets.ts';
import type { ConversionPlan, Operation, OutputShard, OutputTensor, Target } from '../../plan/types.ts';
import { type DType, isDType } from '../../safetensors/dtype.ts';
import { INDEX_FILE } from '../../safetensors/index-file.ts';
import type { FileOffset } from '../../safetensors/types.ts';
import { layoutHeader } from '../../safetensors/write-header.ts';
import { hashOfBody, sha256Hex } from './format.ts';
import { partOf } from './parse-part.ts';
import { PlanBody, type PlanJson } from './schema.ts';
import { PLAN_FORMAT, PLAN_VERSION, type PlanFile } from './types.ts';

/** A string of JavaScript holds no more; 500,000 tensors have less than a quarter of it. */
export const MAX_PLAN_BYTES = 500_000_000;

/**
 * Reads a plan file. Nothing of it is believed: headers, offsets and the index are worked out again, every range lies in a
 * file of the source and fills its tensor, every name stays in its folder, and the whole has the hash that it states.
 *
 * @throws LoomError `plan-invalid`, naming the file, the place in it and the rule.
 */
export async function parsePlanFile(text: string, file: string): Promise<PlanFile> {
  const refuse = (why: string): never => {
    const message = `${file} is not a plan that this version can run: ${why}. Write it again with moe-loom plan <source> --to <layout> --out ${file}.`;
    throw new LoomError('plan-invalid', message, { file });
  };
  if (text.length > MAX_PLAN_BYTES) refuse(`it has ${text.length} characters, above the cap of ${MAX_PLAN_BYTES}`);
  const { hash, body } = bodyOf(text, refuse);
  if ((await hashOfBody(body)) !== hash) refuse('it does not match its own hash, so it was edited or cut');
  return { hash: String(hash), ...(await planOf(body, refuse)) };
}

type Refuse = (why: string) => never;

function bodyOf(text: string, refuse: Refuse): { readonly hash: unknown; readonly body: PlanJson } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    refuse(`it is not JSON (${cause instanceof Error ? cause.message : cause})`);
  }
  if (typeof value !== 'object' || value === null) refuse('it is not a JSON object');
  const { hash, ...body } = value as Record<string, unknown>;
  if (body.format !== PLAN_FORMAT) refuse(`its format is not ${PLAN_FORMAT}`);
  if (body.version !== PLAN_VERSION) refuse(`its version is ${JSON.stringify(body.version)}, not ${PLAN_VERSION}`);
  const result = v.safeParse(PlanBody, body, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    refuse(`${v.getDotPath(issue) ?? 'its content'}: ${issue.message}`);
  }
  return { hash, body: body as PlanJson };
}

async function planOf(body: PlanJson, refuse: Refuse): Promise<Omit<PlanFile, 'hash'>> {
  const { target } = body;
  if (!Object.hasOwn(TARGETS, target)) refuse(`target: ${target} is no layout to convert to`);
  checkNames(body, refuse);
  const metadata = new Map(body.metadata.map(({ key, value }) => [key, value]));
  const shards: OutputShard[] = [];
  for (const shard of body.shards) shards.push(await shardOf(shard, body, metadata, refuse));
  const names = shards.flatMap(({ tensors }) => tensors.map(({ name }) => name));
  if (new Set(names).size !== names.length) refuse('two of its tensors have one name');
  const bytes = shards.reduce((sum, { byteLength, header }) => sum + byteLength - header.byteLength, 0);
  const { scope, layers } = body;
  const index = guarded('index', refuse, () => indexText({ shards, bytes, scope, layers }));
  if ((await sha256Hex(index)) !== body.index) refuse('index: its shards do not give the index that it states');
  const tensors = shards.flatMap((shard) => shard.tensors);
  const plan: ConversionPlan = {
    source: body.identity,
    target: target as Target,
    scope,
    layers,
    shards,
    index,
    configChanges: body.configChanges as ConversionPlan['configChanges'],
    config: body.config as ConversionPlan['config'],
    metadata: body.metadata,
    copies: body.copies,
    skipped: body.skipped,
    groups: body.groups as ConversionPlan['groups'],
    notes: body.notes,
    ...(body.assumed ? { assumed: body.assumed } : {}),
    unpacked: body.unpacked,
    tensors: names.length,
    bytes,
    peakPartBytes: peakOf(tensors),
    refusals: [],
  };
  return { plan, source: body.source, card: body.card };
}

/** No name leads out of its folder, and no two files of the output have one name. */
function checkNames({ source, shards, copies, config, card }: PlanJson, refuse: Refuse): void {
  const sources = new Map(source.files.map((file) => [file.name, file]));
  if (sources.size !== source.files.length) refuse('source.files: a name is there twice');
  const outside = [...sources.keys(), ...copies.map(({ file }) => file)].find((name) => !isPlain(name));
  if (outside !== undefined) refuse(`the name ${JSON.stringify(outside)} leads out of the folder`);
  if (shards.length === 0) refuse('it has no shards');
  const wrong = shards.findIndex(({ file }, at) => file !== shardName(at, shards.length));
  if (wrong >= 0) refuse(`shards.${wrong}: its name is not ${shardName(wrong, shards.length)}`);
  const taken = new Set([INDEX_FILE, REPORT_FILE, 'config.json', 'README.md', ...PICTURE_FILES]);
  for (const { file } of shards) taken.add(file);
  for (const { file, byteLength } of copies) {
    const known = sources.get(file);
    if (known?.byteLength !== byteLength) refuse(`copies: ${file} is no file of the source with that size`);
    const { copies: copied } = planSideFiles([{ name: file, byteLength }], config?.file);
    if (copied.length === 0 || taken.has(file)) refuse(`copies: ${file} is not a file that a conversion copies`);
    taken.add(file);
  }
  const drawn = Object.keys(card?.pictures ?? {});
  const odd = drawn.find((name) => !(PICTURE_FILES as readonly string[]).includes(name));
  if (odd !== undefined) refuse(`card.pictures: ${odd} is not a drawing of a model card`);
}

function isPlain(name: string): boolean {
  return name !== '' && !/[\p{Cc}\\]/u.test(name) && !/^[a-z]:/i.test(name) && isInside(`/${name}`, '');
}

async function shardOf(
  { file, byteLength, header, tensors }: PlanJson['shards'][number],
  body: PlanJson,
  metadata: ReadonlyMap<string, string>,
  refuse: Refuse,
): Promise<OutputShard> {
  const specs = tensors.map(({ name, dtype, shape, exactShape }) => {
    if (!isDType(dtype)) refuse(`${file}, ${name}: there is no dtype ${dtype}`);
    const exact = exactShape ? { exactShape: exactShape.map(BigInt) } : {};
    return { name, dtype: dtype as DType, shape, ...exact };
  });
  const laid = guarded(file, refuse, () => layoutHeader(specs, metadata));
  if (laid.fileSize !== byteLength) refuse(`${file}: its tensors need ${laid.fileSize} bytes, not ${byteLength}`);
  if ((await sha256Hex(laid.bytes)) !== header) refuse(`${file}: its tensors do not give the header that it states`);
  const placed = laid.tensors.map((info, at): OutputTensor => {
    const { name, parts, operations, expert } = tensors[at] as (typeof tensors)[number];
    if (info.name !== name) refuse(`${file}: ${name} is not in the order of the format`);
    const list = body.operations[operations];
    if (!list) refuse(`${file}, ${name}: there is no row ${operations} of operations`);
    const length = info.end - info.start;
    const made = parts.map((part) => partOf(part, body.source.files, (why) => refuse(`${file}, ${name}: ${why}`)));
    const filled = made.reduce((sum, part) => sum + part.byteLength, 0);
    if (filled !== length) refuse(`${file}, ${name}: its parts have ${filled} bytes, not ${length}`);
    return {
      name,
      dtype: info.dtype,
      shape: info.shape,
      ...(info.exactShape ? { exactShape: info.exactShape } : {}),
      byteLength: length,
      parts: made.map(({ part }) => part),
      operations: list as readonly Operation[],
      expert: expert === true,
      start: (laid.dataStart + info.start) as FileOffset,
    };
  });
  return { file, byteLength, header: laid.bytes, tensors: placed };
}

/** What a writer of the format refuses is refused with its words. */
function guarded<T>(place: string, refuse: Refuse, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!isLoomError(error)) throw error;
    return refuse(`${place}: ${error.message}`);
  }
}
