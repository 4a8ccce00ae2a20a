import { useCallback, useEffect, useRef, useState } from 'react';
import { formatInteger, meaningWords, plural, type TensorAnswer, type TensorGlance } from '../../../core/index.ts';
import { Bytes } from '../../parts/numbers.tsx';
import { saveBlob } from '../../parts/save-blob.ts';
import { Segments } from '../../parts/segments.tsx';
import { useTensorAnswer } from '../../queries/queries.ts';
import { go } from '../../state/address-store.ts';
import { inspectWorker } from '../../state/inspection.ts';
import type { SearchMode } from '../../state/tensor-address.ts';
import { FilterBar } from './filter-bar.tsx';
import { PlaceButtons } from './place-buttons.tsx';
import { TensorDetails } from './tensor-details.tsx';
import { TensorTable } from './tensor-table.tsx';
import { TensorTree } from './tensor-tree.tsx';
import { type OfExpert, useSelectedTensors } from './use-selected-tensors.ts';
import { searchFor, show, sortBy, useChosen, useTensorGlance, useTensorQuery } from './use-tensors.ts';
import './tensors.css';
import './narrow.css';
import { Shown } from '../../parts/shown.tsx';

const HINTS: Readonly<Record<SearchMode, string>> = {
  substring: 'parts of a name: layers.3 gate_proj',
  regex: 'layers\\.\\d+\\..*gate',
  fuzzy: 'letters in order: l3gate',
};

/** Every tensor of the checkpoint: searched, filtered, sorted, as a table or a tree, each to be looked into. */
export function TensorsView() {
  const { tensors, query } = useTensorQuery();
  const { data, error } = useTensorAnswer(query);
  const glance = useTensorGlance();
  const { chosen, choose } = useChosen();
  const { ofExpert, jump, next } = useSelectedTensors();
  const details = useRef<HTMLElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const open = useCallback(
    (name: string) => {
      choose(name);
      requestAnimationFrame(() => details.current?.focus());
    },
    [choose],
  );
  const close = () => {
    choose(null);
    list.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  };
  return (
    <div className="tensors-view">
      <h1 className="hidden">Tensors</h1>
      <div className="tensors-tools">
        <SearchBox text={tensors.text} mode={tensors.mode} glance={glance} />
        <Segments
          label="Search for"
          options={[
            ['substring', 'Words'],
            ['regex', 'Regex'],
            ['fuzzy', 'Fuzzy'],
          ]}
          value={tensors.mode}
          onChange={(mode) => show({ mode })}
        />
        <Segments
          label="Show as"
          options={[
            ['table', 'Table'],
            ['tree', 'Tree'],
          ]}
          value={tensors.listing}
          onChange={(listing) => show({ listing })}
        />
        <p className="tensors-count" role="status">
          {data && (
            <>
              {plural(data.count, 'tensor')}, <Bytes of={data.bytes} />
            </>
          )}
        </p>
        {data && <TakeRows id={data.id} count={data.count} />}
        {data && <ToConvert answer={data} />}
      </div>
      <FilterBar filter={query.filter} />
      {ofExpert.names.size > 0 && <OfExpertBar ofExpert={ofExpert} onNext={next} />}
      {data && data.meanings.length > 0 && (
        <p className="tensors-hint quiet" role="status">
          <Shown text={data.meanings.map(meaningWords).join(' ')} />
        </p>
      )}
      {data?.problem && (
        <p className="tensors-problem">
          <Shown text={data.problem} />
        </p>
      )}
      {error && (
        <p className="tensors-problem">
          <Shown text={error.message} />
        </p>
      )}
      {data && data.count === 0 && !data.problem && <NothingFound filtered={isFiltered(tensors)} />}
      <div className="tensors-body" data-details={chosen !== null} data-answer={data?.id} ref={list}>
        {data &&
          (tensors.listing === 'tree' ? (
            <TensorTree
              answer={data}
              narrowed={isFiltered(tensors) || tensors.text !== ''}
              chosen={chosen}
              ofExpert={ofExpert}
              jump={jump}
              onOpen={open}
            />
          ) : (
            <TensorTable
              answer={data}
              sort={query.sort}
              descending={query.descending}
              chosen={chosen}
              ofExpert={ofExpert}
              jump={jump}
              onSort={sortBy}
              onOpen={open}
            />
          ))}
        {chosen !== null && <TensorDetails key={chosen} ref={details} name={chosen} onClose={close} />}
      </div>
    </div>
  );
}

type Filtered = Pick<Parameters<typeof FilterBar>[0]['filter'], 'roles' | 'dtypes' | 'layers' | 'experts' | 'shards'>;

function isFiltered({ roles, dtypes, layers, experts, shards }: Filtered): boolean {
  return roles.length + dtypes.length + layers.length + experts.length + shards.length > 0;
}

/** The expert that is selected in the other views, with the ways to its tensors and back. */
function OfExpertBar({ ofExpert, onNext }: { readonly ofExpert: OfExpert; readonly onNext: () => void }) {
  return (
    <p className="of-expert-bar">
      <strong>{ofExpert.title}</strong> {plural(ofExpert.names.size, 'tensor')}, marked in the list.
      <button type="button" className="button small" onClick={onNext}>
        Go to the next
      </button>
      <button type="button" className="button small" onClick={() => show({ ...ofExpert.filter, roles: [], text: '' })}>
        List these only
      </button>
      <PlaceButtons layer={ofExpert.layer} expert={ofExpert.expert} />
    </p>
  );
}

interface SearchBoxProps {
  readonly text: string;
  readonly mode: SearchMode;
  readonly glance: TensorGlance | null;
}

/** What is typed stands in the box as it is, spaces at its ends too, which the address does not hold. */
function SearchBox({ text, mode, glance }: SearchBoxProps) {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped((before) => (before.trim() === text ? before : text)), [text]);
  return (
    <input
      type="search"
      className="field mono"
      aria-label="Search tensors"
      placeholder={HINTS[mode]}
      spellCheck={false}
      autoCapitalize="none"
      maxLength={500}
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        searchFor(event.target.value, glance);
      }}
    />
  );
}

function NothingFound({ filtered }: { readonly filtered: boolean }) {
  return (
    <p className="tensors-problem">
      No tensor fits. Use fewer letters, or search with Fuzzy{filtered ? ', or remove filters' : ''}.
    </p>
  );
}

/** Chooses the layers of all that is listed for a conversion. */
function ToConvert({ answer }: { readonly answer: TensorAnswer }) {
  const [told, setTold] = useState('');
  const choose = async () => {
    try {
      const layers = await inspectWorker().tensorLayers(answer.id);
      if (layers.length > 0) go({ view: 'convert', layers });
      else setTold('The tensors listed are in no numbered layer.');
    } catch {
      setTold('The list has changed. Try again.');
    }
  };
  return (
    <span className="row">
      <button
        type="button"
        className="button small"
        disabled={answer.count === 0}
        title="Choose the layers that these tensors are in for a conversion"
        onClick={() => void choose()}
      >
        Select these layers in Convert
      </button>
      <span className="quiet" role="status" key={answer.id}>
        {told}
      </span>
    </span>
  );
}

/** Longer texts are for files: a clipboard of hundreds of megabytes stops other programs. */
const LIMIT_COPIED_ROWS = 100_000;

/** The rows that are listed, as tab-separated values. */
function TakeRows({ id, count }: { readonly id: number; readonly count: number }) {
  const [told, setTold] = useState('');
  const take = async (how: 'copy' | 'download') => {
    try {
      const blob = await inspectWorker().tensorTsv(id);
      if (how === 'copy') await navigator.clipboard.writeText(await blob.text());
      else saveBlob(blob, 'tensors.tsv');
      setTold(how === 'copy' ? `${plural(count, 'row')} copied` : '');
    } catch {
      setTold('The browser did not allow copying.');
    }
  };
  const tooLong = count > LIMIT_COPIED_ROWS;
  return (
    <span className="row">
      <button
        type="button"
        className="button small"
        title={tooLong ? `${formatInteger(count)} rows are too many for the clipboard: download them` : undefined}
        onClick={() => void take('copy')}
        disabled={count === 0 || tooLong}
      >
        Copy as TSV
      </button>
      <button type="button" className="button small" onClick={() => void take('download')} disabled={count === 0}>
        Download TSV
      </button>
      <span className="quiet" role="status" key={id}>
        {told}
      </span>
    </span>
  );
}
