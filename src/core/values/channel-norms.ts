import type { MatrixView } from '../layouts/types.ts';
import type { ChannelRun } from './channel-pairs.ts';

/** Numbers of a tensor that follow each other; `from` is the first one's place, in elements of the tensor. */
export interface Sample {
  readonly from: number;
  readonly values: Float64Array;
}

/** Where one expert's three matrices lie by one reading. */
export interface ExpertViews {
  readonly gate: MatrixView;
  readonly up: MatrixView;
  readonly down: MatrixView;
}

/** A channel's norm is estimated from no fewer numbers than this. */
const LEAST_NUMBERS = 16;

/** Runs of channels of which samples hold enough of all three matrices. Samples are of the tensors that the views name. */
export function channelRuns(
  { gate, up, down }: ExpertViews,
  samples: ReadonlyMap<string, readonly Sample[]>,
): ChannelRun[] {
  const of = (view: MatrixView) => samples.get(view.tensor) ?? [];
  const [gates, ups] = [lineNorms(gate, of(gate)), lineNorms(up, of(up))];
  const downs = lineNorms(turned(down), of(down));
  const runs: ChannelRun[] = [];
  let into: number[] = [];
  let outOf: number[] = [];
  const end = () => {
    if (into.length > 0) runs.push({ into, outOf });
    [into, outOf] = [[], []];
  };
  for (let channel = 0; channel < gates.length; channel++) {
    const [a, b, c] = [gates[channel] ?? Number.NaN, ups[channel] ?? Number.NaN, downs[channel] ?? Number.NaN];
    if (Number.isNaN(a + b + c)) end();
    else {
      into.push(a * b);
      outOf.push(c);
    }
  }
  end();
  return runs;
}

function turned(view: MatrixView): MatrixView {
  return {
    ...view,
    rows: view.columns,
    columns: view.rows,
    rowStride: view.columnStride,
    columnStride: view.rowStride,
  };
}

/** Mean squares of each row, of the numbers that samples hold; NaN where these are too few, or not finite. */
function lineNorms(
  { rows, columns, base, rowStride, columnStride }: MatrixView,
  samples: readonly Sample[],
): Float64Array {
  const norms = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const first = base + row * rowStride;
    let [sum, count] = [0, 0];
    for (const { from, values } of samples) {
      const start = Math.max(0, Math.ceil((from - first) / columnStride));
      const last = Math.min(columns - 1, Math.floor((from + values.length - 1 - first) / columnStride));
      for (let column = start, at = first + start * columnStride - from; column <= last; column++, at += columnStride) {
        const value = values[at] ?? 0;
        sum += value * value;
        count++;
      }
    }
    norms[row] = count >= LEAST_NUMBERS && Number.isFinite(sum) ? sum / count : Number.NaN;
  }
  return norms;
}
