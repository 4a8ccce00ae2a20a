import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { syncFolder } from '../../sink/sync-folder.node.ts';
import { failed } from '../../sink/write-failed.node.ts';
import { readRegular } from '../../source/regular-file.node.ts';
import { Finished } from '../journal.node.ts';
import type { FinishedShard } from '../journal.ts';

/** Who made something, and when. */
const By = { host: v.string(), part: v.string(), at: v.string() };
const Hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** A shard that was written and read back equal: what `join` believes without reading the shard again. */
const Done = v.object({
  version: v.literal(1),
  /** Hash of the plan. */
  plan: Hash,
  byteLength: v.number(),
  ...By,
  ...Finished.entries,
});
export type DoneRecord = v.InferOutput<typeof Done>;

/** A shard that could not be made. */
const Failed = v.object({ version: v.literal(1), plan: Hash, ...By, tag: v.string(), message: v.string() });
export type FailedRecord = v.InferOutput<typeof Failed>;

/** The plan whose parts a folder holds. */
const Marker = v.object({ version: v.literal(1), plan: Hash, target: v.string(), source: v.string() });
export type PlanMarker = v.InferOutput<typeof Marker>;

const Decision = v.object({
  kernel: v.string(),
  op: v.string(),
  on: v.picklist(['cpu', 'webgpu']),
  reason: v.string(),
  runs: v.object({ cpu: v.number(), webgpu: v.number() }),
});
const Names = v.array(v.string());

/** What a run of a part knows beside its shards, for the report. */
const Run = v.object({
  version: v.literal(1),
  plan: Hash,
  ...By,
  seconds: v.object({ write: v.number(), verify: v.number(), rest: v.number() }),
  engine: v.object({
    choice: v.picklist(['auto', 'cpu', 'webgpu']),
    adapter: v.nullable(v.string()),
    decisions: v.array(v.looseObject(Decision.entries)),
  }),
  sources: v.object({ checked: Names, unchecked: Names, partlyRead: Names }),
});
export type RunRecord = v.InferOutput<typeof Run>;

/** Files that a join writes, noted before the first of them: they may be written over by the next try. */
const Joining = v.object({ version: v.literal(1), plan: Hash, files: Names });
export type JoiningRecord = v.InferOutput<typeof Joining>;

export const RECORDS = { done: Done, failed: Failed, marker: Marker, run: Run, joining: Joining };

/** A record, null where there is none, or none of this version. */
export async function readRecord<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | null> {
  try {
    const result = v.safeParse(schema, JSON.parse(await readRegular(path, path)));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

/** Writes a record, whole or not at all: under a private name, flushed, then renamed. `token`: of this run. */
export async function writeRecord(path: string, value: object, token: string): Promise<void> {
  const temporary = `${path}.${token}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(`${JSON.stringify(value)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    failed(path, cause);
  }
}

/** What of a record is the journal's. */
export function finishedOf({ file, digests, inputs, sha256 }: DoneRecord): FinishedShard {
  return {
    file,
    digests,
    ...(inputs === undefined ? {} : { inputs }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}
