import type { Sample } from '../sources/samples.ts';
import { SAMPLE_WITH_WEIGHTS } from '../sources/samples.ts';
import { go } from '../state/address-store.ts';
import { EMPTY } from '../state/follow-address.ts';

/** Shown instead of a control that reads weights: says that the open sample has none, and what to open. */
export function NoWeights({ sample }: { readonly sample: Sample }) {
  return (
    <p className="callout no-weights" role="note">
      <span>
        The sample {sample.name} has headers only, no weights: nothing can be read from it or converted. Open the model
        from the Hub, or{' '}
        <a href={`?sample=${SAMPLE_WITH_WEIGHTS}`} onClick={openWhole}>
          the sample Tiny Qwen3-MoE
        </a>
        , which has weights.
      </span>
    </p>
  );
}

function openWhole(event: React.MouseEvent): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go({ ...EMPTY, sample: SAMPLE_WITH_WEIGHTS });
}
