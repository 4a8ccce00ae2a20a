import { Shown } from '../../parts/shown.tsx';
import { useAddress } from '../../state/address-store.ts';
import { ALL_TYPES } from '../../state/page-links.ts';
import { CompatList } from './compat-list.tsx';
import { CompatPageView } from './compat-page.tsx';
import './compat.css';
import { useCompatPage } from './use-compat.ts';

/** Which layout of a model type loads where; the list of model types where the address names none that is known. */
export function CompatView() {
  const modelType = useAddress((address) => address.compat) ?? ALL_TYPES;
  return modelType === ALL_TYPES ? <CompatList unknown={null} /> : <OneType key={modelType} modelType={modelType} />;
}

function OneType({ modelType }: { readonly modelType: string }) {
  const { data, error, refetch } = useCompatPage(modelType);
  if (error)
    return (
      <div className="compat">
        <h1>Which layout loads where</h1>
        <p role="alert">
          <Shown text={error.message} />{' '}
          <button type="button" className="button small" onClick={() => void refetch()}>
            Try again
          </button>
        </p>
      </div>
    );
  // The heading is there before its page, so that no moment is without one.
  if (data === undefined) return <h1 className="hidden">Which layout loads where</h1>;
  return data === null ? <CompatList unknown={modelType} /> : <CompatPageView {...data} />;
}
