import { type ExpertMap, type MatrixStatistics, statisticsTsv } from '../../../../core/index.ts';
import { downloadText } from '../../../jobs/downloads.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { useInspection } from '../../../state/inspection.ts';
import { allMatrices } from './statistics.ts';
import { useValues } from './values-store.ts';

/** How many experts were measured of how many there are: a sample says so in every export. */
function coverageOf(matrices: readonly MatrixStatistics[], map: ExpertMap | null) {
  return {
    experts: new Set(matrices.map(({ prefix, expert }) => `${prefix} ${expert}`)).size,
    ofExperts: map?.rows.reduce((sum, row) => sum + (row.kind === 'dense' ? 0 : (row.experts ?? 0)), 0) ?? 0,
  };
}

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
      ...coverageOf(allMatrices(measured), useInspection.getState().map),
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
