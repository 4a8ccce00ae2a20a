import type { MemoryPreset, MemorySetup } from '../../../../core/index.ts';
import { formatSetup } from './setup-address.ts';
import { useCardRows } from './use-memory.ts';

interface PresetsProps {
  readonly setup: MemorySetup;
  readonly clusters: readonly MemoryPreset[];
  readonly onChange: (setup: MemorySetup) => void;
}

/** Set-ups to start from: usual clusters, and the runs that the model card reports. */
export function Presets({ setup, clusters, onChange }: PresetsProps) {
  const runs = useCardRows().flatMap(({ name, claim, setup: run }): Preset[] =>
    run ? [{ title: name, hint: claim, setup: run }] : [],
  );
  return (
    <section className="memory-presets" aria-label="Presets">
      <PresetGroup name="Clusters" presets={clusters} setup={setup} onChange={onChange} />
      {runs.length > 0 && <PresetGroup name="Model card’s runs" presets={runs} setup={setup} onChange={onChange} />}
    </section>
  );
}

interface Preset extends MemoryPreset {
  readonly hint?: string;
}

interface GroupProps extends Pick<PresetsProps, 'setup' | 'onChange'> {
  readonly name: string;
  readonly presets: readonly Preset[];
}

function PresetGroup({ name, presets, setup, onChange }: GroupProps) {
  const now = formatSetup(setup);
  return (
    <fieldset className="preset-group">
      <legend className="quiet small">{name}</legend>
      {presets.map((preset) => {
        const text = formatSetup(preset.setup);
        return (
          <button
            key={preset.title}
            type="button"
            className="button small"
            title={preset.hint ?? text}
            aria-pressed={text === now}
            onClick={() => onChange(preset.setup)}
          >
            {preset.title}
          </button>
        );
      })}
    </fieldset>
  );
}
