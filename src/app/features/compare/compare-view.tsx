import { ParityPanel } from '../parity/parity-panel.tsx';

/** What is the same, and what is not. */
export function CompareView() {
  return (
    <div className="compare-view">
      <h1 className="hidden">Compare</h1>
      <ParityPanel />
    </div>
  );
}
