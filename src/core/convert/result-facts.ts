import * as v from 'valibot';
import type { ConversionReport } from './report.ts';

/** More layers than any model has; families are few. */
const MOST_GROUPS = 10_000;

/** What a list of results says of one: a part of its report. */
export interface ResultFacts {
  /** What was converted: a repo at a commit, a folder's name. */
  readonly source: string;
  /** Families of the layers that were converted, each once. */
  readonly from: readonly string[];
  readonly target: string;
  readonly scope: ConversionReport['scope'];
  /** Tensors and bytes that were read back and found equal. */
  readonly tensors: number;
  readonly bytes: number;
  /** Formats that became bf16; empty where every byte of every weight was kept. */
  readonly unpacked: readonly string[];
}

const Name = v.pipe(v.string(), v.maxLength(512));
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Stored = v.object({
  source: Name,
  target: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/)),
  scope: v.picklist(['whole', 'mixed', 'partial'] satisfies ConversionReport['scope'][]),
  groups: v.pipe(v.array(v.object({ from: Name, to: v.nullable(Name) })), v.maxLength(MOST_GROUPS)),
  verified: v.object({ equal: v.literal(true), tensors: Count, bytes: Count }),
  unpacked: v.nullish(v.object({ formats: v.array(Name) })),
});

/** The facts of a report, or of a value that a browser stored as one; null when it is no report. */
export function resultFacts(report: unknown): ResultFacts | null {
  const read = v.safeParse(Stored, report);
  if (!read.success) return null;
  const { source, target, scope, groups, verified, unpacked } = read.output;
  const changed = groups.filter(({ to }) => to !== null);
  return {
    source,
    from: [...new Set((changed.length > 0 ? changed : groups).map(({ from }) => from))],
    target,
    scope,
    tensors: verified.tensors,
    bytes: verified.bytes,
    unpacked: unpacked?.formats ?? [],
  };
}
