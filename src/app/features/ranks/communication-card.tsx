import type { PlacedPicture, RankPicture } from '../../../../workers/ranks/protocol.ts';
import { formatInteger } from '../../../core/index.ts';

interface CommunicationProps {
  readonly placed: PlacedPicture;
  readonly picture: RankPicture;
}

/** Bytes that leave a rank for each token and layer, however the framework moves them. */
export function CommunicationCard({ placed, picture }: CommunicationProps) {
  const { communication, exchange } = placed;
  if (!communication)
    return (
      <section aria-label="Communication">
        <h2>Communication</h2>
        <p className="quiet">config.json does not say the hidden size or the experts of a token.</p>
      </section>
    );
  const rows = [
    ['All-reduce, both directions', communication.allReduce, 'all-reduce'],
    ['All-to-all, a copy an expert', communication.naive, 'all-to-all'],
    ['All-to-all, a copy a rank', communication.deduplicated, null],
    ['The same in FP8', communication.deduplicatedFp8, null],
    ['All-gather', communication.allGather, 'all-gather'],
  ] as const;
  return (
    <section aria-label="Communication">
      <h2>Bytes sent per token and layer</h2>
      <table className="facts-table">
        <tbody>
          {rows.map(([name, bytes, kind]) => (
            <tr key={name} aria-current={kind === exchange ? 'true' : undefined}>
              <th scope="row">
                {name}
                {kind === exchange && <span className="tag-small">default</span>}
              </th>
              <td className="number mono">{formatInteger(Math.round(bytes))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet small">
        One rank, bf16, even routing, dispatch only where it is all-to-all: hidden {formatInteger(picture.hidden ?? 0)},{' '}
        {picture.topK} experts a token on {communication.distinctRanks.toFixed(2)} ranks on average.
      </p>
    </section>
  );
}
