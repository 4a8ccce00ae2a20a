import { memo } from 'react';
import { isTensorRole, TENSOR_ROLES, visible } from '../../../core/index.ts';
import { Parameters } from '../../checkpoint/parameters.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useTensorFacets } from '../../queries/queries.ts';
import { formatLayers, parseLayers } from '../../state/number-runs.ts';
import type { TensorAddress } from '../../state/tensor-address.ts';
import { FacetPicker } from './facet-picker.tsx';
import { show } from './use-tensors.ts';

interface FilterBarProps {
  readonly filter: Pick<TensorAddress, 'roles' | 'dtypes' | 'layers' | 'experts' | 'shards'>;
}

/** The filters there are, and those in force, each with a button that removes it. */
export const FilterBar = memo(function FilterBar({ filter }: FilterBarProps) {
  const { data: facets } = useTensorFacets();
  const { roles, dtypes, layers, experts, shards } = filter;
  const chips: readonly Chip[] = [
    ...roles.map((role) => ({
      text: `role ${roleName(role)}`,
      remove: () => show({ roles: without(roles, role) }),
    })),
    ...dtypes.map((dtype) => ({ text: dtype, remove: () => show({ dtypes: without(dtypes, dtype) }) })),
    ...numberChips('layer', layers, (left) => show({ layers: left })),
    ...numberChips('expert', experts, (left) => show({ experts: left })),
    ...shards.map((shard) => ({ text: shard, remove: () => show({ shards: without(shards, shard) }) })),
  ];
  return (
    <div className="filter-bar">
      <span className="quiet">Filter by</span>
      <FacetPicker
        label="Role"
        options={facets?.roles.map((each) => ({ ...each, name: roleName(each.value) })) ?? []}
        chosen={roles}
        onToggle={(value) => show({ roles: toggled(roles, value) })}
      />
      <FacetPicker
        label="Dtype"
        options={facets?.dtypes ?? []}
        chosen={dtypes}
        onToggle={(value) => show({ dtypes: toggled(dtypes, value) })}
      />
      <FacetPicker
        label="Layer"
        options={numbers(facets?.layers)}
        chosen={layers.map(String)}
        onToggle={(value) => show({ layers: toggled(layers, Number(value)) })}
        onRuns={(runs) => show({ layers: [...layers, ...parseLayers(runs)] })}
      />
      <FacetPicker
        label="Expert"
        options={numbers(facets?.experts)}
        chosen={experts.map(String)}
        onToggle={(value) => show({ experts: toggled(experts, Number(value)) })}
        onRuns={(runs) => show({ experts: [...experts, ...parseLayers(runs)] })}
      />
      <FacetPicker
        label="Shard"
        options={facets?.shards ?? []}
        chosen={shards}
        onToggle={(value) => show({ shards: toggled(shards, value) })}
      />
      {chips.length > 0 && (
        <ul className="chips" aria-label="Filters in force">
          {chips.map(({ text, remove }) => (
            <li key={text}>
              <button
                type="button"
                className="chip mono"
                aria-label={`Remove filter ${visible(text)}`}
                onClick={remove}
              >
                <Shown text={text} /> <span aria-hidden="true">×</span>
              </button>
            </li>
          ))}
          {chips.length > 1 && (
            <li>
              <button
                type="button"
                className="button small"
                onClick={() => show({ roles: [], dtypes: [], layers: [], experts: [], shards: [] })}
              >
                Clear filters
              </button>
            </li>
          )}
        </ul>
      )}
      <span className="filter-bar-end">
        <Parameters />
      </span>
    </div>
  );
});

interface Chip {
  readonly text: string;
  readonly remove: () => void;
}

function roleName(role: string): string {
  return isTensorRole(role) ? TENSOR_ROLES[role].label : role;
}

/** A chip for each run of numbers: `layers 0–3`. */
function numberChips(word: string, values: readonly number[], set: (left: readonly number[]) => void): Chip[] {
  if (values.length === 0) return [];
  return formatLayers(values)
    .split(',')
    .map((run) => {
      const gone = new Set(parseLayers(run));
      const text = run.includes('-') ? `${word}s ${run.replace('-', '–')}` : `${word} ${run}`;
      return { text, remove: () => set(values.filter((value) => !gone.has(value))) };
    });
}

function numbers(values: readonly { readonly value: number; readonly count: number }[] | undefined) {
  return (values ?? []).map(({ value, count }) => ({ value: String(value), count }));
}

function toggled<T>(values: readonly T[], value: T): readonly T[] {
  return values.includes(value) ? without(values, value) : [...values, value];
}

function without<T>(values: readonly T[], value: T): readonly T[] {
  return values.filter((each) => each !== value);
}
