import type { RankPicture, RankQuery } from '../../../../../workers/ranks/protocol.ts';
import {
  type DegreeName,
  frameworkOf,
  type ProgramId,
  RANK_FRAMEWORKS,
  type Strategy,
  TARGETS,
} from '../../../../core/index.ts';
import { Segments } from '../../../parts/segments.tsx';
import { backendsOf } from '../../../placement/own-options.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { chooseLook, useLook } from '../../../state/seen/use-look.ts';
import { useUnpackOffered } from '../../../state/unpack-offered.ts';
import { Choice } from './choice.tsx';
import { EpChoices } from './ep-choices.tsx';
import { LoadsInput, MapInput } from './input-files.tsx';
import { NumberField } from './number-field.tsx';
import { OwnFields } from './own-fields.tsx';
import { STRATEGIES } from './strategies.ts';

interface SetupProps {
  readonly query: RankQuery;
  readonly picture: RankPicture | null;
}

/** Framework, sizes and layout: all settings that change the placement of experts. */
export function SetupBar({ query, picture }: SetupProps) {
  const shape = useLook('shape');
  return (
    <form className="ranks-setup" aria-label="Placement" onSubmit={(event) => event.preventDefault()}>
      <FrameworkField framework={query.options.framework} />
      <EpChoices query={query} picture={picture} />
      <Degrees framework={query.options.framework} />
      <StrategyFields query={query} />
      <LayoutField target={query.target} />
      <WeightsField query={query} />
      <div className="tools-end">
        <Segments
          label="Show as"
          options={[
            ['grid', 'Grid'],
            ['table', 'Table'],
          ]}
          value={shape === 'table' ? 'table' : 'grid'}
          onChange={(next) => chooseLook({ shape: next }, true)}
        />
      </div>
      <OwnFields framework={query.options.framework} />
    </form>
  );
}

function FrameworkField({ framework }: { readonly framework: ProgramId }) {
  const version = frameworkOf(framework)?.placement.version ?? '';
  return (
    <Choice
      label="Framework"
      title={version === '' ? undefined : `Placement rules from ${version}`}
      value={framework}
      options={RANK_FRAMEWORKS.map(
        ({ id, title, placement }) => [id, title + shortVersion(placement.version)] as const,
      )}
      onChange={(value) => move({ framework: value, placement: null, all2all: null, set: [] })}
    />
  );
}

/** ` · 5.18.0`: the release, commit or pull request from which the rules were taken. */
function shortVersion(version: string): string {
  const found = /\d+\.\d+\.\d+|\b[0-9a-f]{7,8}\b|since #\d+/.exec(version);
  return found ? ` · ${found[0]}` : '';
}

/** The sizes that this framework supports, and unsupported sizes that the address sets. */
function Degrees({ framework }: { readonly framework: ProgramId }) {
  const address = useAddress((all) => all);
  const rules = frameworkOf(framework)?.placement;
  const names = (['tp', 'pp', 'cp', 'dp', 'etp'] as const).filter(
    (name) => rules?.inputs[name] !== undefined || address[name] !== null,
  );
  return names.map((name) => (
    <NumberField
      key={name}
      label={name.toUpperCase()}
      term={name}
      title={titleOf(framework, name)}
      value={address[name]}
      placeholder={rules?.inferred.includes(name) === true ? 'auto' : '1'}
      onChange={(value) => move({ [name]: value })}
    />
  ));
}

function titleOf(framework: ProgramId, name: DegreeName): string {
  const words = frameworkOf(framework)?.placement.inputs[name];
  return words === undefined ? 'This framework does not support it' : `Parallelism: ${words}`;
}

function StrategyFields({ query }: { readonly query: RankQuery }) {
  const { framework, strategy } = query.options;
  const known = frameworkOf(framework);
  const redundant = useAddress((address) => address.redundant);
  const strategies: readonly Strategy[] = known?.placement.strategies ?? [];
  const used = strategy ?? strategies[0];
  return (
    <>
      {strategies.length > 1 && (
        <Choice
          label="Placement"
          value={used ?? ''}
          options={strategies.map((id) => [id, STRATEGIES[id]] as const)}
          onChange={(value) => move({ placement: value === strategies[0] ? null : value })}
        />
      )}
      {(known?.placement.redundant === true || redundant !== null) && (
        <NumberField
          label="Redundant"
          title="Redundant experts: slots beyond one for each expert"
          value={redundant}
          placeholder="0"
          onChange={(value) => move({ redundant: value })}
        />
      )}
      {(used === 'hierarchical' || used === 'global') && (
        <>
          <BalanceFields />
          <LoadsInput />
        </>
      )}
      <BackendField framework={framework} />
      {used === 'custom' && <MapInput />}
    </>
  );
}

/** Nodes and groups that EPLB uses. */
function BalanceFields() {
  const { nodes, groups } = useAddress((address) => address);
  return (
    <>
      <NumberField
        label="Nodes"
        title="Number of nodes. EPLB keeps each expert group inside one node"
        value={nodes}
        placeholder="1"
        onChange={(value) => move({ nodes: value })}
      />
      <NumberField
        label="Groups"
        title="Number of expert groups that EPLB keeps together. If empty, the number in the config is used"
        value={groups}
        placeholder="auto"
        onChange={(value) => move({ groups: value })}
      />
    </>
  );
}

/** The all-to-all backend. With some programs it decides the placement. */
function BackendField({ framework }: { readonly framework: ProgramId }) {
  const all2all = useAddress((address) => address.all2all);
  const known = backendsOf(framework);
  if (known.length === 0 && all2all === null) return null;
  return (
    <Choice
      label="All-to-all"
      value={all2all ?? ''}
      options={[['', 'Not set'], ...known.map((name) => [name, name] as const)]}
      onChange={(value) => move({ all2all: value === '' ? null : value })}
    />
  );
}

function LayoutField({ target }: { readonly target: RankQuery['target'] }) {
  const layout = useInspection((state) => state.summary?.layout ?? null);
  const present = layout === null ? 'As stored' : `As stored: ${layout}`;
  return (
    <Choice
      label="Layout"
      value={target ?? ''}
      options={[['', present], ...Object.keys(TARGETS).map((id) => [id, `After conversion: ${id}`] as const)]}
      onChange={(value) => move({ target: value === '' ? null : value })}
    />
  );
}

/** Whether the assumed conversion keeps or unpacks quantised weights; shown only if the model has some. */
function WeightsField({ query: { target, unpack } }: { readonly query: RankQuery }) {
  const offered = useUnpackOffered();
  if (target === null || !offered) return null;
  return (
    <Choice
      label="Weights"
      value={unpack ?? ''}
      options={[
        ['', 'As stored'],
        ['bf16', 'Unpacked to bf16'],
      ]}
      onChange={(value) => move({ unpack: value === 'bf16' ? 'bf16' : null })}
    />
  );
}
