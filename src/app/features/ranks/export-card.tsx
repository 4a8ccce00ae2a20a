import { useState } from 'react';
import type { RankQuery, RankTake } from '../../../../workers/ranks/protocol.ts';
import { formatBytes, PLACEMENT_FILES } from '../../../core/index.ts';
import { inspectWorker, useInspection } from '../../state/inspection.ts';
import { Fold } from './fold.tsx';

/** Characters that are copied at most: a clipboard of hundreds of megabytes stops other programs. */
const LIMIT_COPY = 8e6;

const TAKES: readonly (readonly [RankTake, string, string])[] = [
  [
    'manifest',
    'rank manifest',
    'JSON with the byte ranges of every rank as absolute offsets. It is checked before it is saved.',
  ],
  ...PLACEMENT_FILES.map(({ id, title, use }) => [id, title, use] as const),
  [
    'assertion',
    'assertion script',
    'A script for torchrun: each rank prints what it holds and compares it with this placement.',
  ],
];

/** Files made from this placement, to download or copy. */
export function ExportCard({ query }: { readonly query: RankQuery }) {
  const [told, setTold] = useState('');
  const hub = useInspection((state) => state.hub);
  const act = async (take: RankTake, how: 'download' | 'copy') => {
    setTold('Writing the file …');
    const source = { repo: hub?.repo ?? null, revision: hub?.commit ?? null };
    try {
      const { blob, name, problem } = await inspectWorker().rankTake(query, take, source);
      setTold(blob === null ? problem : await give(blob, name, how));
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Fold part="export" label="Export" title="Export" className="export-card">
      <ul>
        {TAKES.map(([take, name, what]) => (
          <li key={take}>
            <strong>{name}</strong>
            <p className="quiet small">{what}</p>
            <span className="row">
              <button
                type="button"
                className="button small"
                aria-label={`Download ${name}`}
                onClick={() => void act(take, 'download')}
              >
                Download
              </button>
              <button
                type="button"
                className="button small"
                aria-label={`Copy ${name}`}
                onClick={() => void act(take, 'copy')}
              >
                Copy
              </button>
            </span>
          </li>
        ))}
      </ul>
      <p className="quiet small">
        These files hold no hashes of the experts, because hashes need every byte of the checkpoint. To add them, run{' '}
        <code>moe-loom ranks … --hashes --take manifest</code> (or <code>assertion</code>).
      </p>
      <p className="small" role="status">
        {told}
      </p>
    </Fold>
  );
}

async function give(blob: Blob, name: string, how: 'download' | 'copy'): Promise<string> {
  if (how === 'copy') {
    if (blob.size > LIMIT_COPY) return `${name} is ${formatBytes(blob.size)}, too large to copy. Download it instead.`;
    await navigator.clipboard.writeText(await blob.text());
    return `Copied ${name} (${formatBytes(blob.size)}).`;
  }
  const href = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
  return `Downloaded ${name} (${formatBytes(blob.size)}).`;
}
