import { useDeferredValue, useState } from 'react';
import type { ParityJson } from '../../../../core/index.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { saveBlob } from '../../../parts/save-blob.ts';
import { Shown } from '../../../parts/shown.tsx';
import { formatRelative, pairsAsTsv, RUN_LABELS } from './parity-format.ts';
import { useParity } from './parity-store.ts';
import { TokenCounts } from './token-counts.tsx';

/** What came out: the verdict first, then every number behind it. */
export function ParityResult() {
  // drawn in slices: a layer of 256 experts must not hold the page up
  const report = useDeferredValue(
    useParity((state) => state.report),
    null,
  );
  if (!report) return null;
  return (
    <div className="parity-result">
      <Verdict report={report} />
      {report.faults.length > 0 && <Faults report={report} />}
      <div className="parity-tables">
        <Pairs report={report} />
        <Ways report={report} />
      </div>
      <TokenCounts report={report} />
      <Decisions report={report} />
      <Notes report={report} />
      <div className="row">
        <CopyButton label="Copy as TSV" text={() => pairsAsTsv(report)} />
        <button type="button" className="button small" onClick={() => download(report)}>
          Download JSON
        </button>
      </div>
    </div>
  );
}

interface ReportProps {
  readonly report: ParityJson;
}

function Verdict({ report }: ReportProps) {
  const { verdict, layer, tokens, seed, tolerance, pairs } = report;
  const largest = pairs.reduce((most, { maxRelative }) => Math.max(most, maxRelative ?? Number.POSITIVE_INFINITY), 0);
  const same = verdict === 'same';
  const input = seed === null ? 'given tokens' : `random tokens (seed ${seed})`;
  return (
    <div className={same ? 'parity-verdict good' : 'parity-verdict bad'} role="status">
      <p>
        <strong>{same ? '✓ The same output' : '✗ Different outputs'}</strong> of layer {layer} on {tokens} {input}:{' '}
        {largest === 0
          ? 'all outputs are equal to the last bit.'
          : `the largest difference is ${formatRelative(Number.isFinite(largest) ? largest : null)} of the largest output, ${same ? 'within' : 'above'} the tolerance of ${tolerance}.`}
      </p>
      <p className="quiet">
        {same ? 'This holds for these inputs. Only equal bytes are a proof. ' : ''}
        Why {tolerance}: the order of summation changes sums of thousands of f32 products by up to 5e-6. A misplaced
        expert changes outputs by 1e-2 or more.
      </p>
    </div>
  );
}

function Faults({ report }: ReportProps) {
  return (
    <ul className="parity-faults" aria-label="Likely causes">
      {report.faults.map(({ tag, message }) => (
        <li key={message}>
          <Shown text={message} /> <code>{tag}</code>
        </li>
      ))}
    </ul>
  );
}

function Pairs({ report }: ReportProps) {
  return (
    <table className="parity-table">
      <caption>
        Every pair: <span className="mono">max|a − b| ÷ max|a|</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">a</th>
          <th scope="col">b</th>
          <th scope="col" className="number">
            Difference
          </th>
          <th scope="col">Within {report.tolerance}</th>
        </tr>
      </thead>
      <tbody>
        {report.pairs.map(({ a, b, maxRelative }) => (
          <tr key={`${a} ${b}`}>
            <td>{RUN_LABELS[a][0]}</td>
            <td>{RUN_LABELS[b][0]}</td>
            <td className="number mono" title={String(maxRelative)}>
              {formatRelative(maxRelative)}
            </td>
            <td>{maxRelative !== null && maxRelative <= report.tolerance ? '✓ same' : '✗ different'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Ways({ report }: ReportProps) {
  const { runs, missing, expected, operator } = report;
  return (
    <table className="parity-table">
      <caption>How each output was computed</caption>
      <thead>
        <tr>
          <th scope="col">Form</th>
          <th scope="col">Weights</th>
          {expected && (
            <th scope="col" className="number">
              Difference from expected
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {runs.map(({ id, stored, operations }) => (
          <tr key={id}>
            <td title={RUN_LABELS[id][1]}>{RUN_LABELS[id][0]}</td>
            <td>{stored ? 'as stored' : operations.join(', ')}</td>
            {expected && <td className="number mono">{formatRelative(expected[id] ?? null)}</td>}
          </tr>
        ))}
        {missing.map(({ id, reason }) => (
          <tr key={id}>
            <td>{RUN_LABELS[id][0]}</td>
            <td colSpan={expected ? 2 : 1}>
              left out: <Shown text={reason} />
            </td>
          </tr>
        ))}
        <tr>
          <td title="The mixture-of-experts operator of onnxruntime, with its own router">com.microsoft.MoE</td>
          <td colSpan={expected ? 2 : 1}>
            {operator.maxRelative === null
              ? `left out: ${operator.reason}`
              : `${formatRelative(operator.maxRelative)} from our output`}
          </td>
        </tr>
      </tbody>
    </table>
  );
}

/** Tokens of which the router's decision is shown; all are in the download. */
const SHOWN_TOKENS = 8;

function Decisions({ report }: ReportProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Routing decisions</summary>
      {open && <DecisionTable report={report} />}
    </details>
  );
}

function DecisionTable({ report }: ReportProps) {
  const { router, tokens } = report;
  const shown = router.indices.slice(0, SHOWN_TOKENS);
  return (
    <table className="parity-table">
      <caption>
        {shown.length} of {tokens} tokens; the JSON has all of them
      </caption>
      <thead>
        <tr>
          <th scope="col" className="number">
            Token
          </th>
          <th scope="col">Experts and weights</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((experts, token) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place
          <tr key={token}>
            <td className="number">{token}</td>
            <td className="mono">
              {experts.map((expert, at) => `${expert}: ${(router.weights[token]?.[at] ?? 0).toFixed(4)}`).join(' · ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Notes({ report }: ReportProps) {
  const { block, modelType, runtime, ep, notes } = report;
  return (
    <ul className="parity-notes quiet">
      <li>
        Computed like {block} ({modelType}), with {runtime.name} on{' '}
        {runtime.threads === 1 ? 'one thread' : `${runtime.threads} threads`}; {ep} ranks.
      </li>
      {notes.map((note) => (
        <li key={note}>
          <Shown text={note} />
        </li>
      ))}
    </ul>
  );
}

function download(report: ParityJson): void {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  saveBlob(new Blob([text], { type: 'application/json' }), `parity-layer-${report.layer}.json`);
}
