import { formatInteger, parseSize } from '../../../../core/index.ts';
import { sizeText } from '../../../state/convert-address.ts';
import { chooseWork, useWorkChoices } from './convert-options.ts';

/** The most tensor bytes that a shard may hold. */
export function ShardSize() {
  const { shardSize } = useWorkChoices();
  const bytes = parseSize(shardSize);
  return (
    <label className="field-label">
      Largest shard
      <input
        className="field mono short"
        value={shardSize}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={bytes === null}
        aria-describedby="shard-help"
        onChange={(event) => chooseWork({ maxShard: sizeText(event.target.value) })}
      />
      <span id="shard-help" className={bytes === null ? 'option-note wrong' : 'option-note'}>
        {bytes === null
          ? 'A size such as 5 GB or 512 MiB.'
          : `${formatInteger(bytes)} bytes. A tensor is never split: a larger tensor gets a separate file.`}
      </span>
    </label>
  );
}
