import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import { loadsPicture } from '../../../core/index.ts';
import { sentenceOf } from '../../checkpoint/program-order.ts';
import { useFindingsSentence } from '../../checkpoint/use-findings-sentence.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { saveBlob } from '../../parts/save-blob.ts';
import { SaveButtons } from '../../pictures/save-buttons.tsx';
import { fileName } from '../../pictures/save-picture.ts';
import { inspectWorker, useInspection } from '../../state/inspection.ts';

/** Copies and saves the table of verdicts, in the order that is shown: Markdown, JSON, SVG and PNG. */
export function LoadsExports({ verdicts }: { readonly verdicts: readonly LoadVerdict[] }) {
  const name = useInspection((state) => state.summary?.identity ?? '');
  const found = useFindingsSentence();
  const order = verdicts.map(({ id }) => id);
  const report = (format: 'markdown' | 'json') => inspectWorker().loadsReport({ format, name, order });
  const saveJson = async () => {
    const text = await report('json');
    saveBlob(new Blob([text], { type: 'application/json' }), `${fileName('loads', name)}.json`);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would look and speak like a form
    <div className="loads-exports" role="group" aria-label="Export this table">
      <CopyButton label="Copy as Markdown" text={() => report('markdown')} />
      <button type="button" className="button small" onClick={() => void saveJson()}>
        Save as JSON
      </button>
      <SaveButtons
        picture={() => loadsPicture(name, verdicts.map(rowOf))}
        notes={() => [name, found]}
        name={['loads', name]}
      />
    </div>
  );
}

function rowOf(each: LoadVerdict) {
  const { title, version, verdict, cure } = each;
  return { title, version, verdict, cure, sentence: sentenceOf(each) };
}
