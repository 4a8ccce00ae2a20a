import { OpeningCounts } from '../../checkpoint/opening-counts.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useInspection } from '../../state/inspection.ts';

/** An opening before there is anything to draw: counted, and stopped at once when asked. */
export function Waiting() {
  const name = useInspection((state) => nameOf(state.source));
  return (
    <section className="notice" aria-busy="true" aria-label="Opening">
      <h1>
        Opening <Shown text={name} />
      </h1>
      <OpeningCounts />
    </section>
  );
}

function nameOf(source: ReturnType<typeof useInspection.getState>['source']): string {
  if (source?.kind === 'hub') return source.reference;
  if (source?.kind === 'files') return source.name;
  if (source?.kind === 'directory') return source.handle.name;
  if (source?.kind === 'job') return `job:${source.job}`;
  return source ? `sample ${source.id}` : '';
}
