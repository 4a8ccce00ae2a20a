import * as v from 'valibot';

/** A number that was measured: JSON has null for what is none. */
export const measured = v.pipe(v.number(), v.finite());
/** Median, least and most. */
export const spread = v.tuple([measured, measured, measured]);

/** Parses a bench's line. @throws Error that names the first field that is missing, new or of another kind. */
export function parseLine<T extends v.GenericSchema>(schema: T, line: string): v.InferOutput<T> {
  const result = v.safeParse(schema, JSON.parse(line));
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`${v.getDotPath(issue) ?? 'the line'}: ${issue.message}`);
}
