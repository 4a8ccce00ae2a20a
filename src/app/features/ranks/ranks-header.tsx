import type { PlacedPicture, RankPicture } from '../../../../workers/ranks/protocol.ts';
import { formatBytes, formatInteger, plural } from '../../../core/index.ts';
import { countOf, formatFactor, totalOf } from './rank-format.ts';

interface HeaderProps {
  readonly picture: RankPicture;
  readonly placed: PlacedPicture;
}

/** The placement in one line: ranks, experts per rank, bytes of weights per rank, imbalance. */
export function RanksHeader({ picture, placed }: HeaderProps) {
  const { mesh, experts } = placed;
  const counts = experts.map(countOf);
  const bytes = experts.map((_, rank) => totalOf(placed, rank));
  const [least, most] = [Math.min(...bytes), Math.max(...bytes)];
  const tokens = placed.tokenImbalance;
  return (
    <header className="ranks-header">
      <p className="verdict-line">
        <strong>
          {plural(mesh.world, 'rank')}, {span(Math.min(...counts), Math.max(...counts))} of{' '}
          {picture.experts.map(formatInteger).join(' or ')} experts each
        </strong>
        {!placed.uniform && <span className="quiet"> (layers differ)</span>}
      </p>
      <dl>
        <Fact name="Weights per rank" exact={exactSpan(least, most)}>
          {formatBytes(least) === formatBytes(most)
            ? formatBytes(most)
            : `${formatBytes(least)} – ${formatBytes(most)}`}
        </Fact>
        <Fact name="Imbalance of experts" exact="The largest number of experts on a rank, divided by the mean">
          {formatFactor(placed.imbalance)}
        </Fact>
        {tokens && (
          <Fact
            name="Imbalance of tokens"
            exact="The largest number of tokens on a rank, divided by the mean, in the worst layer"
          >
            {formatFactor(Math.max(...tokens))}
          </Fact>
        )}
        {placed.redundant > 0 && <Fact name="Redundant experts">{formatInteger(placed.redundant)}</Fact>}
      </dl>
    </header>
  );
}

function exactSpan(least: number, most: number): string {
  return `${least === most ? '' : `${formatInteger(least)} to `}${formatInteger(most)} bytes`;
}

function span(least: number, most: number): string {
  return least === most ? formatInteger(most) : `${formatInteger(least)}–${formatInteger(most)}`;
}

function Fact(props: { readonly name: string; readonly exact?: string; readonly children: React.ReactNode }) {
  return (
    <div title={props.exact}>
      <dt>{props.name}</dt>
      <dd className="mono">{props.children}</dd>
    </div>
  );
}
