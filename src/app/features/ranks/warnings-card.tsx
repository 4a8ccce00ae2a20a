import { Fold } from './fold.tsx';

/** What the reader should know of this placement that the framework does not report. */
export function WarningsCard({ warnings }: { readonly warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <Fold part="warnings" label="Warnings" title={`Warnings (${warnings.length})`} className="findings">
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Fold>
  );
}
