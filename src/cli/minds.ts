import { type Inspection, isPredictionTag, whoMinds } from '../core/index.ts';

type Found = Inspection['findings'][number];

/** Lines under a finding: which programs mind it, and what comes of it there. */
export function mindsLines({ tag }: Pick<Found, 'tag'>): string[] {
  if (!isPredictionTag(tag)) return [];
  return whoMinds(tag).map(({ title, says, evidence }) => `    ${title}: ${says} (${evidence.source})`);
}

/** An inspection whose findings say who minds them, for `--json`. */
export function withMinds(inspection: Inspection) {
  const findings = inspection.findings.map((found) =>
    isPredictionTag(found.tag)
      ? {
          ...found,
          minds: whoMinds(found.tag).map(({ title, says, evidence }) => ({
            program: title,
            says,
            source: evidence.source,
          })),
        }
      : found,
  );
  return { ...inspection, findings };
}
