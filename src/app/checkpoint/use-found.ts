import { foundWords } from '../../core/index.ts';
import { useInspection } from '../state/inspection.ts';

/** What was found of the open checkpoint, in a sentence for below its pictures. */
export function useFound(): string {
  const complete = useInspection((state) => state.complete);
  const findings = useInspection((state) => state.summary?.findings ?? null);
  return complete && findings ? foundWords(findings) : 'Headers were still being read.';
}
