import type { PlacedPicture, RankPicture } from '../../../../workers/ranks/protocol.ts';
import { ByteCount } from './byte-count.tsx';
import { Fold } from './fold.tsx';

interface CommunicationProps {
  readonly placed: PlacedPicture;
  readonly picture: RankPicture;
}

/** Bytes that a rank sends for each token and layer, for each way of moving tokens. */
export function CommunicationCard({ placed, picture }: CommunicationProps) {
  const { communication, exchange } = placed;
  if (!communication)
    return (
      <Fold part="communication" label="Communication" title="Communication">
        <p className="quiet">config.json gives no hidden size or no number of experts per token.</p>
      </Fold>
    );
  const rows = [
    ['All-reduce, both directions', communication.allReduce, 'all-reduce'],
    ['All-to-all, one copy per expert', communication.naive, 'all-to-all'],
    ['All-to-all, one copy per rank', communication.deduplicated, null],
    ['All-to-all, one copy per rank, FP8', communication.deduplicatedFp8, null],
    ['All-gather', communication.allGather, 'all-gather'],
  ] as const;
  return (
    <Fold part="communication" label="Communication" title="Bytes sent per token and layer">
      <table className="facts-table">
        <tbody>
          {rows.map(([name, bytes, kind]) => (
            <tr key={name} aria-current={kind === exchange ? 'true' : undefined}>
              <th scope="row">
                {name}
                {kind === exchange && <span className="tag-small">default</span>}
              </th>
              <td className="number mono">
                <ByteCount bytes={Math.round(bytes)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet small">
        For one rank in bf16 with even routing. All-to-all counts the dispatch only. The hidden size is {picture.hidden}
        ; each token goes to {picture.topK} experts on {communication.distinctRanks.toFixed(2)} ranks on average.
      </p>
    </Fold>
  );
}
