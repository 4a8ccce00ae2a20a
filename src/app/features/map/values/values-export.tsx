import { statisticsTsv } from '../../../../core/index.ts';
import { downloadText } from '../../../jobs/downloads.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { useInspection } from '../../../state/inspection.ts';
import { allMatrices } from './statistics.ts';
import { useValues } from './values-store.ts';

/** All measured values, as TSV and as the JSON that the command line prints. */
export function ValuesExport() {
  const summary = useInspection((state) => state.summary);
  const hub = useInspection((state) => state.hub);
  const download = () => {
    const { measured, findings, outcome, progress } = useValues.getState();
    const report = {
      source: { identity: summary?.identity ?? null, repo: hub?.repo ?? null, revision: hub?.commit ?? null },
      matrices: allMatrices(measured),
      unreadable: outcome?.unreadable ?? [],
      findings,
      bytes: outcome?.bytes ?? progress?.done ?? 0,
    };
    downloadText(`${JSON.stringify(report, null, 2)}\n`, 'moe-loom-statistics.json');
  };
  return (
    <span className="row values-export">
      <CopyButton label="Copy as TSV" text={() => statisticsTsv(allMatrices(useValues.getState().measured))} />
      <button type="button" className="button small" onClick={download}>
        Download JSON
      </button>
    </span>
  );
}
