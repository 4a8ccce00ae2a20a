import type { MemorySetup } from '../../../../core/index.ts';
import { formatBand, VERDICT_LABELS } from './memory-format.ts';
import { useFitGrid } from './use-memory.ts';

interface GridProps {
  readonly setup: MemorySetup;
  readonly onChoose: (ep: number, gpus: number) => void;
}

/** The verdict for each expert-parallel size and number of GPUs, with every other choice kept. A button applies its sizes. */
export function FitGridTable({ setup, onChoose }: GridProps) {
  const grid = useFitGrid(setup);
  if (grid === null) return <p className="quiet">Calculating every size …</p>;
  return (
    <section aria-label="What fits" className="memory-grid">
      <h2>Which sizes fit</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="table-scroller" aria-label="What fits, scrolling" tabIndex={0}>
        <table aria-label="What fits: expert parallelism by GPUs">
          <thead>
            <tr>
              <th scope="col">EP</th>
              {grid.gpus.map((gpus) => (
                <th key={gpus} scope="col" className="mono">
                  {gpus}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.eps.map((ep, row) => (
              <tr key={ep}>
                <th scope="row" className="mono">
                  {ep}
                </th>
                {grid.gpus.map((gpus, column) => {
                  const cell = grid.cells[row]?.[column] ?? null;
                  const chosen = setup.ep === ep && setup.gpus === gpus;
                  return (
                    <td key={gpus}>
                      {cell === null ? (
                        <span className="cannot" title="The program refuses this set-up">
                          <span aria-hidden="true">·</span>
                          <span className="hidden">not possible</span>
                        </span>
                      ) : (
                        <button
                          type="button"
                          className={`fit fit-${cell.verdict}`}
                          aria-pressed={chosen}
                          aria-label={`EP ${ep} on ${gpus} GPUs: ${VERDICT_LABELS[cell.verdict].said}, ${formatBand(cell)} GB`}
                          title={`${VERDICT_LABELS[cell.verdict].said}: ${formatBand(cell)} GB`}
                          onClick={() => onChoose(ep, gpus)}
                        >
                          {VERDICT_LABELS[cell.verdict].sign}
                        </button>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className="quiet small">
        Columns: GPUs. ✓ fits · ~ at risk · ✕ out of memory · a dot means that the program refuses the sizes.
      </p>
    </section>
  );
}
