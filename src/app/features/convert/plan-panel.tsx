import type { PlanSummary } from '../../../../workers/inspect/protocol.ts';
import { DEFAULT_BUDGET_BYTES, formatBytes, formatInteger, plural } from '../../../core/index.ts';
import { useDiskSpace } from '../../jobs/disk-space.ts';
import { useJob } from '../../jobs/job-store.ts';
import { Shown } from '../../parts/shown.tsx';
import { Breakable } from './breakable.tsx';
import { Fact } from './fact.tsx';
import { memoryOf, useConvertChoices, useWorkChoices } from './options/convert-options.ts';
import { chainsOf } from './options/layer-ranges.ts';
import { PlaceNote } from './place-note.tsx';
import { bytesOf, placeOf, usePlaces } from './places.ts';
import { PlanLoads } from './plan-loads.tsx';
import type { TargetOrder } from './use-plan.ts';

/** The plan: what the conversion will read, compute and write. */
export function PlanPanel({ plan, order }: { readonly plan: PlanSummary; readonly order: TargetOrder }) {
  const { memory } = useWorkChoices();
  return (
    <>
      <dl className="facts">
        <Fact name="Tensors" value={formatInteger(plan.tensors)} />
        <Fact name="Tensor bytes" value={formatBytes(plan.bytes)} exact={`${formatInteger(plan.bytes)} bytes`} />
        <Fact name={plan.shards.length === 1 ? 'Shard' : 'Shards'} value={formatInteger(plan.shards.length)} />
        <Fact
          name="Memory at most"
          value={formatBytes(Math.max(memoryOf(memory) ?? DEFAULT_BUDGET_BYTES, plan.peakPartBytes))}
          exact={`This is the size of the buffers. The largest piece needs ${formatInteger(plan.peakPartBytes)} bytes`}
        />
      </dl>
      <PlaceNote plan={plan} />
      <RoomNote plan={plan} />
      <Scope plan={plan} />
      {plan.unpacked && <NotLossless unpacked={plan.unpacked} />}
      <PlanLoads order={order} />
      <Chains plan={plan} />
      <ConfigChanges plan={plan} />
      <Files plan={plan} />
      <Shards plan={plan} />
    </>
  );
}

/**
 * Required and free bytes. It warns and never refuses: browsers estimate their free space. After a conversion that ended
 * with a full disk, it shows nothing.
 */
function RoomNote({ plan }: { readonly plan: PlanSummary }) {
  const output = useConvertChoices((state) => state.output);
  const places = usePlaces();
  const space = useDiskSpace();
  const full = useJob(({ error }) => error?.tag === 'disk-full');
  if (!space || full || placeOf(output, places) !== 'opfs') return null;
  const needed = bytesOf(plan);
  const kept = space.persisted ? '' : ' It may delete stored files when the disk fills up: download the result soon.';
  if (needed <= space.free)
    return (
      <p className="option-note">
        The result needs {formatBytes(needed)}. The browser reports {formatBytes(space.free)} free.{kept}
      </p>
    );
  return (
    <p className="callout warn">
      The result needs {formatBytes(needed)}. The browser reports {formatBytes(space.free)} free. Browsers often have
      more space than they report: you can start. If the disk fills up, the conversion stops and keeps its finished
      shards.
    </p>
  );
}

function Scope({ plan }: { readonly plan: PlanSummary }) {
  const layers = plan.layers?.join(', ');
  if (plan.scope === 'whole') return null;
  return (
    <p className="callout warn">
      {plan.scope === 'partial'
        ? `Partial: the output holds only the tensors of ${plan.layers?.length === 1 ? 'layer' : 'layers'} ${layers}. It will not load as a model.`
        : `Mixed: ${plan.layers?.length === 1 ? `layer ${layers} is` : `layers ${layers} are`} converted, all other layers stay as they are. Most programs expect one layout.`}
    </p>
  );
}

function NotLossless({ unpacked }: { readonly unpacked: NonNullable<PlanSummary['unpacked']> }) {
  return (
    <p className="callout warn">
      Not lossless: {plural(unpacked.tensors, 'tensor')} in {unpacked.formats.join(' and ')} become bf16. Each code is
      multiplied by its scale and rounded. The result does not hold the codes and scales. The written values are
      compared with what the CPU computes from the source.
    </p>
  );
}

function Chains({ plan }: { readonly plan: PlanSummary }) {
  return (
    <table className="sheet">
      <caption>What happens to each layer</caption>
      <thead>
        <tr>
          <th scope="col">Layers</th>
          <th scope="col" className="number">
            Count
          </th>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">Operations, in order</th>
        </tr>
      </thead>
      <tbody>
        {chainsOf(plan.groups).map((chain) => (
          <tr key={`${chain.layers} ${chain.operations.join()}`}>
            <td className="mono wide">
              {chain.layers}
              {chain.mtp && ' (MTP)'}
            </td>
            <td className="number">{chain.count}</td>
            <td className="mono whole">{chain.from}</td>
            <td className="mono whole">{chain.to ?? 'as it is'}</td>
            <td className="wide">{chain.operations.join(' → ') || 'Rename'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ConfigChanges({ plan }: { readonly plan: PlanSummary }) {
  if (plan.configChanges.length === 0) return null;
  return (
    <table className="sheet">
      <caption>Changes in config.json</caption>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {plan.configChanges.map((change) => (
          <tr key={change.key}>
            <td className="mono">
              <Breakable text={change.key} />
            </td>
            <td className="mono">{change.before === undefined ? '–' : JSON.stringify(change.before)}</td>
            <td className="mono">{change.removed ? 'taken out' : JSON.stringify(change.after)}</td>
            <td>
              <Shown text={change.reason} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Files({ plan }: { readonly plan: PlanSummary }) {
  return (
    <table className="sheet">
      <caption>Files beside the weights</caption>
      <tbody>
        {plan.config && (
          <tr>
            <td className="mono">config.json</td>
            <td />
            <td>{plan.config === 'changed' ? 'written with the changes above' : 'copied'}</td>
          </tr>
        )}
        {plan.copies.map((copy) => (
          <tr key={copy.file}>
            <td className="mono">
              <Breakable text={copy.file} />
            </td>
            <td className="number" title={`${formatInteger(copy.byteLength)} bytes`}>
              {formatBytes(copy.byteLength)}
            </td>
            <td>copied</td>
          </tr>
        ))}
        {plan.skipped.map((skipped) => (
          <tr key={skipped.file}>
            <td className="mono">
              <Breakable text={skipped.file} />
            </td>
            <td />
            <td>
              left out: <Shown text={skipped.reason} />
            </td>
          </tr>
        ))}
        <tr>
          <td className="mono">model.safetensors.index.json</td>
          <td />
          <td>written</td>
        </tr>
        <tr>
          <td className="mono">moe-loom-report.json</td>
          <td />
          <td>written: what was done and proven</td>
        </tr>
      </tbody>
    </table>
  );
}

function Shards({ plan }: { readonly plan: PlanSummary }) {
  return (
    <details className="more">
      <summary>{plural(plan.shards.length, 'shard')} in detail</summary>
      <table className="sheet">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" className="number">
              Tensors
            </th>
            <th scope="col" className="number">
              Bytes
            </th>
          </tr>
        </thead>
        <tbody>
          {plan.shards.map((shard) => (
            <tr key={shard.file}>
              <td className="mono">
                <Breakable text={shard.file} />
              </td>
              <td className="number">{formatInteger(shard.tensors)}</td>
              <td className="number">{formatInteger(shard.byteLength)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
