import { useState } from 'react';
import type { SourceDescriptor } from '../../../../../workers/inspect/protocol.ts';
import type { ParityRequest } from '../../../../../workers/parity/protocol.ts';
import { formatBytes, type MapRow } from '../../../../core/index.ts';
import { NoWeights } from '../../../checkpoint/no-weights.tsx';
import { AskFirst } from '../../../parts/ask-first.tsx';
import { asksFirst, placeOfHub, readingCost } from '../../../parts/reading-cost.ts';
import { Segments } from '../../../parts/segments.tsx';
import { sampleWithoutWeights } from '../../../sources/samples.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { MOST_TOKENS, USUAL_TOKENS } from '../../../state/parity-address.ts';
import { computeParity, useParity } from './parity-store.ts';

interface FormProps {
  readonly other: SourceDescriptor | null;
}

interface Given {
  readonly file: File | null;
  readonly tensor: string;
  readonly expect: string;
}

/** Which layer, on what, on how many ranks. */
export function ParityForm({ other }: FormProps) {
  const rows = useLayers();
  const row = useChosenLayer(rows);
  const address = useAddress((all) => all);
  const busy = useParity((state) => state.status === 'running' || state.status === 'cancelling');
  const complete = useInspection((state) => state.complete);
  const [kind, setKind] = useState<'random' | 'file'>('random');
  const [given, setGiven] = useState<Given>({ file: null, tensor: '', expect: '' });
  const [withOther, setWithOther] = useState(true);
  const [asking, setAsking] = useState(false);
  const hub = useInspection((state) => state.hub);
  const sample = useInspection((state) => sampleWithoutWeights(state.source));
  if (sample) return <NoWeights sample={sample} />;
  if (row === null) return <p>This model has no routed experts, so there is no layer to compute.</p>;
  const divisors = divisorsOf(row.experts ?? 1);
  const ep = address.ep !== null && divisors.includes(address.ep) ? address.ep : null;
  const ready = complete && !busy && (kind === 'random' || given.file !== null);
  const place = placeOfHub(hub);
  const isBoth = other !== null && withOther;
  // The second checkpoint holds the same layer; its headers need not be read yet.
  const cost = readingCost(place, row.bytes * (isBoth ? 2 : 1));
  const asks = asksFirst(cost);
  const compute = () => {
    setAsking(false);
    const input: ParityRequest['input'] =
      kind === 'file' && given.file
        ? { kind: 'file', file: given.file, tensor: given.tensor || null, expect: given.expect || null }
        : { kind: 'random', tokens: address.parity.tokens ?? USUAL_TOKENS, seed: address.parity.seed ?? 0 };
    void computeParity({ layer: row.index ?? 0, ep, input }, withOther ? other : null);
  };
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    if (asks) setAsking(true);
    else compute();
  };
  const smallest = rows.reduce((least, each) => (each.bytes < least.bytes ? each : least), row);
  return (
    <form className="parity-form" aria-label="What to compute" onSubmit={submit}>
      <label className="setup-field">
        <span>Layer</span>
        <select
          className="field"
          value={row.index ?? ''}
          onChange={(event) => move({ layer: Number(event.target.value) })}
        >
          {rows.map(({ index, experts, bytes }) => (
            <option key={index} value={index ?? ''}>
              {index} · {experts} experts · {formatBytes(bytes)}
            </option>
          ))}
        </select>
      </label>
      <label className="setup-field">
        <span>Ranks</span>
        <select
          className="field"
          value={ep ?? ''}
          onChange={(event) => move({ ep: event.target.value === '' ? null : Number(event.target.value) })}
        >
          <option value="">A few</option>
          {divisors.map((each) => (
            <option key={each} value={each}>
              EP {each}
            </option>
          ))}
        </select>
      </label>
      <div className="setup-field">
        <span id="parity-input">Input</span>
        <Segments
          label="Input"
          options={[
            ['random', 'Random'],
            ['file', 'From a file'],
          ]}
          value={kind}
          onChange={setKind}
        />
      </div>
      {kind === 'random' ? <RandomFields /> : <FileFields given={given} onChange={setGiven} />}
      {other !== null && (
        <label className="check">
          <input type="checkbox" checked={withOther} onChange={(event) => setWithOther(event.target.checked)} />
          <span>Also compute it from the second checkpoint</span>
        </label>
      )}
      <button type="submit" className="button primary" disabled={!ready} aria-expanded={asks ? asking : undefined}>
        Compute layer {row.index}
        {asks && ' …'}
      </button>
      {asking && (
        <AskFirst
          what={`Computing layer ${row.index} reads its experts:`}
          cost={cost}
          from={place}
          more={`${isBoth ? 'Half of it comes from the second checkpoint. ' : ''}The layer is also held in memory while it is computed.`}
          verb="Read"
          narrow={
            smallest.bytes < row.bytes
              ? {
                  label: `Layer ${smallest.index} instead (${formatBytes(smallest.bytes)})`,
                  act: () => {
                    setAsking(false);
                    move({ layer: smallest.index });
                  },
                }
              : null
          }
          onYes={compute}
          onNo={() => setAsking(false)}
        />
      )}
      <p className="quiet parity-cost">
        This reads the experts of the layer once ({formatBytes(row.bytes)}
        {isBoth ? ', and the same amount from the second checkpoint' : ''}). The first run also downloads the runtime,
        onnxruntime-web (14 MB).
      </p>
    </form>
  );
}

function RandomFields() {
  const { tokens, seed } = useAddress((address) => address.parity);
  return (
    <>
      <Whole
        label="Tokens"
        value={tokens}
        usual={USUAL_TOKENS}
        most={MOST_TOKENS}
        least={1}
        onChange={(value) => move({ parity: { tokens: value, seed } })}
      />
      <Whole
        label="Seed"
        value={seed}
        usual={0}
        most={0xffffffff}
        least={0}
        onChange={(value) => move({ parity: { tokens, seed: value } })}
      />
    </>
  );
}

interface WholeProps {
  readonly label: string;
  readonly value: number | null;
  readonly usual: number;
  readonly least: number;
  readonly most: number;
  readonly onChange: (value: number | null) => void;
}

/** A whole number, or empty for the default. Text that is not a number stays visible while it is typed. */
function Whole({ label, value, usual, least, most, onChange }: WholeProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const change = (text: string) => {
    const number = /^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN;
    const fits = number >= least && number <= most;
    setTyped(fits || text === '' ? null : text);
    if (fits) onChange(number);
    else if (text === '') onChange(null);
  };
  return (
    <label className="setup-field narrow">
      <span>{label}</span>
      <input
        className="field mono"
        inputMode="numeric"
        autoComplete="off"
        value={typed ?? (value === null ? '' : String(value))}
        placeholder={String(usual)}
        aria-invalid={typed !== null}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setTyped(null)}
      />
    </label>
  );
}

function FileFields({ given, onChange }: { readonly given: Given; readonly onChange: (given: Given) => void }) {
  return (
    <>
      <label className="setup-field">
        <span>safetensors file with hidden states</span>
        <input
          type="file"
          className="setup-file"
          accept=".safetensors"
          onChange={(event) => onChange({ ...given, file: event.target.files?.[0] ?? null })}
        />
      </label>
      <label className="setup-field">
        <span>Input tensor</span>
        <input
          className="field mono"
          value={given.tensor}
          placeholder="optional if the file has one tensor"
          spellCheck={false}
          onChange={(event) => onChange({ ...given, tensor: event.target.value })}
        />
      </label>
      <label className="setup-field">
        <span>Expected output</span>
        <input
          className="field mono"
          value={given.expect}
          placeholder="none"
          spellCheck={false}
          onChange={(event) => onChange({ ...given, expect: event.target.value })}
        />
      </label>
    </>
  );
}

/** Layers with routed experts, MTP left out. */
function useLayers(): readonly MapRow[] {
  const map = useInspection((state) => state.map);
  return (map?.rows ?? []).filter(({ kind, index, experts }) => kind === 'moe' && index !== null && experts !== null);
}

function useChosenLayer(rows: readonly MapRow[]): MapRow | null {
  const layer = useAddress((address) => address.layer);
  return rows.find(({ index }) => index === layer) ?? rows[0] ?? null;
}

function divisorsOf(experts: number): number[] {
  return Array.from({ length: experts }, (_, at) => at + 1).filter((each) => experts % each === 0);
}
