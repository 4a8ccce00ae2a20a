import { foundWords } from '../../core/index.ts';
import { useInspection } from '../state/inspection.ts';

/** The findings of the open checkpoint as one sentence, printed below its pictures. */
export function useFindingsSentence(): string {
  const complete = useInspection((state) => state.complete);
  const findings = useInspection((state) => state.summary?.findings ?? null);
  return complete && findings ? foundWords(findings) : 'Headers were still being read.';
}
