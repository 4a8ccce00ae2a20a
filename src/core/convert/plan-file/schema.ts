import * as v from 'valibot';
import { DTYPES, fp8Of } from '../../safetensors/dtype.ts';
import { PLAN_FORMAT, PLAN_VERSION } from './types.ts';

const FP8_FORMS = DTYPES.flatMap((dtype) => fp8Of(dtype) ?? []);

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Integer = v.pipe(v.number(), v.safeInteger());
const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** File of the source by its number in `source.files`, first byte, and the byte behind the last. */
const Span = v.strictTuple([Count, Count, Count]);

const gather = { itemBytes: Count, shape: v.array(Count), strides: v.array(Integer), bases: v.array(Count) };
const Gather = v.strictObject({ ...gather, select: v.nullable(Count) });
const Coding = v.variant('format', [
  v.strictObject({
    format: v.picklist(FP8_FORMS),
    batch: Count,
    rows: Count,
    columns: Count,
    blockRows: v.pipe(Count, v.minValue(1)),
    blockColumns: v.pipe(Count, v.minValue(1)),
  }),
  v.strictObject({ format: v.literal('mxfp4'), groups: Count }),
]);
const Made = v.variant('kind', [
  v.strictObject({ kind: v.literal('gather'), spans: v.array(Span), ...gather, select: v.nullable(Count) }),
  v.strictObject({ kind: v.literal('bytes'), bytes: v.array(v.pipe(Count, v.maxValue(255))), origin: Span }),
  v.strictObject({
    kind: v.literal('dequantise'),
    spans: v.array(Span),
    packed: v.array(v.strictObject({ coding: Coding, scales: v.nullable(v.string()) })),
    gather: v.nullable(Gather),
  }),
]);

const Tensor = v.strictObject({
  name: v.string(),
  dtype: v.string(),
  shape: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
  exactShape: v.optional(v.array(v.pipe(v.string(), v.regex(/^\d{1,20}$/)))),
  /** A row of the file's `operations`. */
  operations: Count,
  expert: v.optional(v.literal(true)),
  parts: v.array(v.union([Span, Made])),
});

const Shard = v.strictObject({
  file: v.string(),
  byteLength: Count,
  /** SHA-256 of the length field and the header, which follow from the tensors and the metadata. */
  header: Sha256,
  tensors: v.array(Tensor),
});

const OPERATIONS = [
  'Dequantize',
  'MergeModulelist',
  'SplitModulelist',
  'Concatenate',
  'Chunk',
  'Interleave',
  'Deinterleave',
  'Transpose',
  'Flatten',
  'Unflatten',
  'Rename',
  'Keep',
] as const;
const Operations = v.array(v.picklist(OPERATIONS));

const Group = v.strictObject({
  prefix: v.string(),
  index: v.nullable(Count),
  kind: v.picklist(['moe', 'dense', 'mtp']),
  from: v.string(),
  to: v.nullable(v.string()),
  operations: Operations,
});

const Source = v.strictObject({
  open: v.string(),
  endpoint: v.nullable(v.string()),
  repo: v.nullable(v.string()),
  commit: v.nullable(v.string()),
  files: v.array(
    v.strictObject({
      name: v.string(),
      byteLength: Count,
      sha256: v.optional(Sha256),
      header: v.optional(Sha256),
    }),
  ),
});

/** Everything in a plan file but its hash. */
export const PlanBody = v.strictObject({
  format: v.literal(PLAN_FORMAT),
  version: v.literal(PLAN_VERSION),
  tool: v.string(),
  /** What a person would call the source; the report of the conversion names it. */
  identity: v.string(),
  source: Source,
  target: v.string(),
  scope: v.picklist(['whole', 'partial', 'mixed']),
  layers: v.nullable(v.array(Count)),
  groups: v.array(Group),
  notes: v.array(v.string()),
  assumed: v.optional(v.array(v.string())),
  unpacked: v.nullable(v.strictObject({ dtype: v.literal('bf16'), formats: v.array(v.string()), tensors: Count })),
  configChanges: v.array(
    v.strictObject({
      key: v.string(),
      before: v.optional(v.unknown()),
      after: v.optional(v.unknown()),
      reason: v.string(),
      removed: v.optional(v.literal(true)),
    }),
  ),
  config: v.nullable(
    v.strictObject({ file: v.optional(v.picklist(['params.json'])), text: v.string(), changed: v.boolean() }),
  ),
  metadata: v.array(v.strictObject({ key: v.string(), value: v.string(), joined: v.nullable(Count) })),
  copies: v.array(v.strictObject({ file: v.string(), byteLength: Count })),
  skipped: v.array(v.strictObject({ file: v.string(), reason: v.string() })),
  card: v.nullable(v.strictObject({ text: v.string(), pictures: v.record(v.string(), v.string()) })),
  /** SHA-256 of the index, which follows from the shards. */
  index: Sha256,
  operations: v.array(Operations),
  shards: v.array(Shard),
});

export type PlanJson = v.InferOutput<typeof PlanBody>;
export type PartJson = PlanJson['shards'][number]['tensors'][number]['parts'][number];
