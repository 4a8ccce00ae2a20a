import { formatInteger, parseSize } from '../../../../core/index.ts';
import { sizeText } from '../../../state/convert-address.ts';
import { chooseWork, useWorkChoices } from './choices.ts';

/** How many bytes of tensors a file may hold. */
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
          : `${formatInteger(bytes)} bytes. A tensor is never split: a larger one gets a file of its own.`}
      </span>
    </label>
  );
}
