import { GLOSSARY, type GlossaryTerm, TERM_IDS } from '../../../core/index.ts';

/** Every term of the glossary with its sentence, in the order of the alphabet. */
export function Terms() {
  return (
    <details className="more terms-list">
      <summary>Terms</summary>
      <dl>
        {TERM_IDS.map((id) => {
          const { term, also = [], says }: GlossaryTerm = GLOSSARY[id];
          return (
            <div key={id}>
              <dt>
                {term}
                {also.length > 0 && <span className="quiet"> ({also.join(', ')})</span>}
              </dt>
              <dd>{says}</dd>
            </div>
          );
        })}
      </dl>
    </details>
  );
}
