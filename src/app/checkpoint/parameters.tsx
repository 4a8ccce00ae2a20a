import { Popover } from 'radix-ui';
import { formatInteger, type ParameterCount, plural, type TermId } from '../../core/index.ts';
import { Term } from '../parts/term.tsx';
import { useParameters } from '../queries/queries.ts';
import './parameters.css';

/** How many parameters there are and how many a token uses; opens what they are made of. */
export function Parameters() {
  const { data } = useParameters();
  if (!data) return null;
  return (
    <Popover.Root>
      <Popover.Trigger className="link parameters" title={`${formatInteger(data.total)} parameters`}>
        {data.notCounted && 'at least '}
        {inBillions(data.total)} parameters
        {data.active !== null && data.active !== data.total && `, ${inBillions(data.active)} active per token`}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="popover parameters-popover"
          sideOffset={4}
          collisionPadding={8}
          aria-label="Parameters"
        >
          <Counts counts={data} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Counts({ counts }: { readonly counts: ParameterCount }) {
  const { total, active, activeWithoutInput, activeWithoutEmbeddings, routed, shared, embeddings, mtp, notCounted } =
    counts;
  const rows: readonly (readonly [string, number])[] = [
    ['Routed experts', routed],
    ['Shared experts', shared],
    ['Input embedding', embeddings.input],
    ['Output head', embeddings.output],
    ['MTP layers', mtp],
    ['All else', total - routed - shared - embeddings.input - embeddings.output - mtp],
  ];
  return (
    <>
      <Table caption="Parameters" rows={[['Total', total], ...rows.filter(([, count]) => count > 0)]} />
      {active === null || activeWithoutInput === null || activeWithoutEmbeddings === null ? (
        <p>How many a token uses is unknown: {counts.activeUnknown}.</p>
      ) : (
        <Table
          caption="Active per token"
          term="active-parameters"
          rows={[
            ['All counted (as Qwen does)', active],
            ['Without input embedding (as DeepSeek and gpt-oss do)', activeWithoutInput],
            ['Without input embedding and output head', activeWithoutEmbeddings],
          ]}
        />
      )}
      <Table caption="By stored dtype" rows={Object.entries(counts.perDtype)} />
      {notCounted && (
        <p>
          {plural(notCounted.tensors, 'packed tensor')} ({notCounted.formats.join(', ')}){' '}
          {notCounted.tensors === 1 ? 'is' : 'are'} not counted: nothing says how many numbers they represent.
        </p>
      )}
      <p className="quiet small">
        Packed formats are counted unpacked; scales and zero points are not parameters. MTP layers are in the total,
        never among the active.
      </p>
    </>
  );
}

interface TableProps {
  readonly caption: string;
  readonly term?: TermId;
  readonly rows: readonly (readonly [string, number])[];
}

function Table({ caption, term, rows }: TableProps) {
  return (
    <table className="counts">
      <caption>{term === undefined ? caption : <Term id={term}>{caption}</Term>}</caption>
      <tbody>
        {rows.map(([name, count]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="mono number">{formatInteger(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SIZES = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const;

/** As model names count: 235B, 30.5B, 311K. */
export function inBillions(count: number): string {
  const [size, unit] = SIZES.find(([least]) => count >= least) ?? [1, ''];
  return `${Number((count / size).toPrecision(3))}${unit}`;
}
