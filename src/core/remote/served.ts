import * as v from 'valibot';
import { LoomError } from '../errors.ts';

export { SERVED } from './served-paths.ts';

const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const sourceSchema = v.object({
  /** The name under which the Hub of this server has it. */
  repo: text(200),
  /** What was named on the command line: a folder, a file, a repo. */
  label: text(4096),
});

const noteSchema = v.object({
  version: text(40),
  /** The machine's own name. */
  machine: text(255),
  /** Empty where the browser has no session here. */
  sources: v.pipe(v.array(sourceSchema), v.maxLength(64)),
  /** The folder into which conversions may be written; null where none was named. */
  writesTo: v.nullable(text(4096)),
});

/** What a page knows of the command that serves it. */
export type ServedNote = v.InferOutput<typeof noteSchema>;
export type ServedSource = v.InferOutput<typeof sourceSchema>;

/** Null for a text that is no such note: the page then works as one from anywhere else. */
export function parseServedNote(json: string): ServedNote | null {
  try {
    const parsed = v.safeParse(noteSchema, JSON.parse(json));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

const wishSchema = v.strictObject({
  repo: text(200),
  target: text(40),
  /** The folder to write, a single name. */
  name: text(120),
  dtype: v.nullable(v.literal('bf16')),
  layers: v.nullable(v.pipe(v.array(v.pipe(count, v.maxValue(100_000))), v.maxLength(100_000))),
  keepRest: v.boolean(),
  keepMtp: v.boolean(),
  maxShardBytes: v.nullable(v.pipe(count, v.minValue(1))),
  /** As `--assume` takes it. */
  assume: v.nullable(text(64)),
});

/** A conversion that a page asks the command for. */
export type ServedWish = v.InferOutput<typeof wishSchema>;

/** @throws LoomError `usage`. */
export function parseServedWish(value: unknown): ServedWish {
  const parsed = v.safeParse(wishSchema, value);
  if (parsed.success) return parsed.output;
  const at = v.getDotPath(parsed.issues[0]) ?? 'the whole';
  throw new LoomError(
    'usage',
    `The conversion that was asked for is not understood: ${at} is missing or of another type.`,
  );
}

const stateSchema = v.object({
  status: v.picklist(['none', 'running', 'done', 'failed', 'stopped']),
  /** The folder that is written; empty for none. */
  out: text(4096),
  target: text(40),
  bytesDone: count,
  bytesTotal: count,
  /** Bytes read back and found equal. */
  bytesProven: count,
  shardsDone: count,
  shardsTotal: count,
  /** Why it ended, as a sentence; how to resume. Empty while there is nothing to say. */
  message: text(20_000),
  /** The result, as a source of this server; null until it is proven. */
  repo: v.nullable(text(200)),
});

/** How the conversion of the command stands; all numbers are 0 where there is none. */
export type ServedConversion = v.InferOutput<typeof stateSchema>;

/** @throws LoomError `answer-invalid`. */
export function parseServedConversion(value: unknown): ServedConversion {
  const parsed = v.safeParse(stateSchema, value);
  if (parsed.success) return parsed.output;
  throw new LoomError(
    'answer-invalid',
    'The answer of moe-loom open is not understood: it may be another version than this page. Start it again and open its link.',
  );
}
