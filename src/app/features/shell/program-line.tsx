import { late } from '../../parts/late.tsx';
import { useInspection } from '../../state/inspection.ts';

/** Verdicts need code and an answer of the worker that the first paint does not wait for. */
const ProgramChips = late(async () => (await import('../../checkpoint/program-chips.tsx')).ProgramChips);

/** The line below the model's name that says whether the reader's programs load it; its height is kept from the start. */
export function ProgramLine() {
  const status = useInspection((state) => state.status);
  if (status !== 'opening' && status !== 'open') return null;
  return (
    <section className="program-line" aria-label="Programs">
      {status === 'open' && <ProgramChips />}
    </section>
  );
}
