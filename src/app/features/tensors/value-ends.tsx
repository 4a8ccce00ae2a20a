import {
  bitsOf,
  formatBytes,
  formatInteger,
  formatValue,
  indexOf,
  type TensorRow,
  type TensorValue,
} from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { usePreview } from '../../queries/queries.ts';

/** The first and last values of a tensor, read on their own. */
export function ValueEnds({ tensor }: { readonly tensor: TensorRow }) {
  const { data, error } = usePreview(tensor.name);
  if (error)
    return (
      <p className="defect" role="alert">
        <Shown text={error.message} />
      </p>
    );
  if (!data) return <p className="quiet">Reading its ends …</p>;
  const { first, last, elements, bytes } = data;
  if (elements === 0) return <p className="quiet">A tensor without elements holds no values.</p>;
  return (
    <>
      <Values
        title={last.length === 0 ? `All ${formatInteger(elements)} values` : 'First values'}
        tensor={tensor}
        values={first}
        from={0}
      />
      {last.length > 0 && <Values title="Last values" tensor={tensor} values={last} from={elements - last.length} />}
      <p className="quiet small">
        {formatBytes(bytes)} read.{bitsOf(tensor.dtype) <= 8 && ' Values are as stored: no scales are applied.'}
      </p>
    </>
  );
}

interface ValuesProps {
  readonly title: string;
  readonly tensor: TensorRow;
  readonly values: readonly TensorValue[];
  readonly from: number;
}

function Values({ title, tensor, values, from }: ValuesProps) {
  return (
    <table className="values">
      <caption>{title}</caption>
      <thead className="hidden">
        <tr>
          <th scope="col">Place</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {values.map((value, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: values have no identity but their place
          <tr key={at}>
            <td className="mono quiet">[{indexOf(from + at, tensor.shape).join(', ')}]</td>
            <td className="mono number" title={exactText(value)}>
              {formatValue(tensor.dtype, value)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** All digits of what is stored. */
function exactText(value: TensorValue): string {
  return typeof value === 'object' ? `${value.re} + ${value.im}i` : String(value);
}
