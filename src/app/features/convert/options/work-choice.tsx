import { type EngineChoice, formatBytes, formatDuration, formatInteger, MB } from '../../../../core/index.ts';
import { placeOfHub, readingCost, timeWords } from '../../../parts/reading-cost.ts';
import { Segments } from '../../../parts/segments.tsx';
import { sizeText } from '../../../state/convert-address.ts';
import { useInspection } from '../../../state/inspection.ts';
import { chooseWork, memoryOf, useWorkChoices } from './convert-options.ts';

const ENGINE_NAMES: readonly (readonly [EngineChoice, string])[] = [
  ['auto', 'auto'],
  ['cpu', 'CPU'],
  ['webgpu', 'WebGPU'],
];
const ENGINE_NOTES: Readonly<Record<EngineChoice, string>> = {
  auto: 'Each operation runs on the CPU or on WebGPU, whichever makes the whole conversion faster.',
  cpu: 'Always the CPU.',
  webgpu: 'The GPU where there is one, otherwise the CPU.',
};

/** SHA-256 in WebAssembly on one core of a small server. */
const HASHED_PER_SECOND = 110 * MB;

/** How the work is done. These choices do not change the output. */
export function WorkChoice() {
  const { engine, memory, sha256, checkSource } = useWorkChoices();
  const bytes = memoryOf(memory);
  const source = useInspection((state) => state.summary?.bytes ?? 0);
  const reading = readingCost(placeOfHub(useInspection((state) => state.hub)), source);
  return (
    <details className="more">
      <summary>Engine, memory, hashes</summary>
      <div className="work">
        <div className="field-label">
          Kernels run on
          <Segments
            label="Kernels run on"
            options={ENGINE_NAMES}
            value={engine}
            onChange={(next) => chooseWork({ engine: next === 'auto' ? null : next })}
          />
          <span className="option-note">{ENGINE_NOTES[engine]} The output bytes are the same.</span>
        </div>
        <label className="field-label">
          Memory for buffers
          <input
            className="field mono short"
            value={memory}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={bytes === null}
            aria-describedby="memory-help"
            onChange={(event) => chooseWork({ buffers: sizeText(event.target.value) })}
          />
          <span id="memory-help" className={bytes === null ? 'option-note wrong' : 'option-note'}>
            {bytes === null
              ? 'A size of at least 16 MiB, such as 512 MiB.'
              : `${formatInteger(bytes)} bytes for all workers together.`}
          </span>
        </label>
        <label className="check">
          <input type="checkbox" checked={sha256} onChange={(event) => chooseWork({ sha256: event.target.checked })} />
          <span>
            SHA-256 of each shard
            <span className="option-note">
              The Hub uses it as the file’s id: compare it after an upload. Hashing {formatBytes(source)} takes about{' '}
              {formatDuration(Math.max(1, source / HASHED_PER_SECOND))}.
            </span>
          </span>
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={checkSource}
            onChange={(event) => chooseWork({ checkSource: event.target.checked })}
          />
          <span>
            Check source hashes first
            <span className="option-note">
              Reads every source file that has a published SHA-256 before anything is written: {formatBytes(source)},{' '}
              {timeWords(reading)}. Files that are converted completely are always checked.
            </span>
          </span>
        </label>
      </div>
    </details>
  );
}
