import { useId } from 'react';
import type { MemoryAnswer, SizeName } from '../../../../../workers/ranks/memory-protocol.ts';
import {
  DEFAULT_MEMORY_PROGRAM,
  isMemoryFramework,
  isOffload,
  MEMORY_PROGRAMS,
  type MemorySetup,
  memoryProgramOf,
  type Offload,
  REGIMES,
} from '../../../../core/index.ts';
import { Choice } from '../setup/choice.tsx';
import { NumberField } from '../setup/number-field.tsx';
import { LoraFields, SpeedFields } from './run-fields.tsx';

interface FieldsProps {
  readonly setup: MemorySetup;
  readonly choices: MemoryAnswer['choices'];
  readonly report: MemoryAnswer['report'];
  readonly onChange: (setup: MemorySetup) => void;
}

const SIZES: readonly (readonly [SizeName, string])[] = [
  ['gpus', 'GPUs'],
  ['ep', 'Expert parallel'],
  ['cp', 'Context parallel'],
  ['tp', 'Tensor parallel'],
  ['pp', 'Pipeline'],
];

/** Everything that decides what a GPU holds. Sliders stop at values that can be; data parallelism fills the rest. */
export function SetupFields({ setup, choices, report, onChange }: FieldsProps) {
  const framework = setup.framework ?? DEFAULT_MEMORY_PROGRAM;
  const serving = memoryProgramOf(framework)?.memory.serves ?? false;
  const mesh = 'error' in report ? null : report.mesh;
  return (
    <form className="ranks-setup" aria-label="Set-up" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label="Program"
        value={framework}
        options={MEMORY_PROGRAMS.map(({ id, memory }) => [id, memory.title])}
        onChange={(id) => isMemoryFramework(id) && onChange({ framework: id, ...sharedOf(setup, id) })}
      />
      {SIZES.map(([name, label]) => (
        <SizeSlider
          key={name}
          label={label}
          values={choices[name]}
          value={setup[name] ?? mesh?.[name] ?? 1}
          onChange={(value) => onChange({ ...setup, [name]: value, dp: undefined })}
        />
      ))}
      <NumberField
        label="Context"
        title="Tokens of a sequence"
        most={10_000_000}
        value={setup.context ?? null}
        placeholder="4096"
        onChange={(context) => onChange({ ...setup, context: context ?? undefined })}
      />
      <NumberField
        label={serving ? 'Sequences' : 'Batch'}
        title={serving ? 'Sequences in the cache at once' : 'Sequences of a micro batch'}
        value={setup.batch ?? null}
        placeholder="1"
        onChange={(batch) => onChange({ ...setup, batch: batch ?? undefined })}
      />
      {!serving && <TrainingFields setup={setup} onChange={onChange} />}
      <Choice
        label="GPU memory"
        value={String(setup.capacityGib ?? 79.1)}
        options={[
          ['39.4', '40 GB: 39.4 GiB'],
          ['79.1', '80 GB: 79.1 GiB'],
          ['94.5', '96 GB: 94.5 GiB'],
          ['139.7', 'H200: 139.7 GiB'],
          ['178.4', 'B200: 178.4 GiB'],
        ]}
        onChange={(gib) => onChange({ ...setup, capacityGib: gib === '79.1' ? undefined : Number(gib) })}
      />
    </form>
  );
}

/** What a program can keep on the host. */
function offloadsOf(id: string): readonly Offload[] {
  return ['none', ...(memoryProgramOf(id)?.memory.offloads ?? [])];
}

/** What another program can take over; the nearest offload that it has. */
function sharedOf(setup: MemorySetup, framework: string): MemorySetup {
  const { gpus, ep, context, batch, capacityGib, chunkedLoss, offload = 'none' } = setup;
  const offloads = offloadsOf(framework);
  const nearest = offload === 'none' || offloads.includes(offload) ? offload : offloads.at(-1);
  const rules = memoryProgramOf(framework)?.memory;
  const { tokensPerSecond, stepSeconds, mfu, gpuTflops } = rules?.serves ? {} : setup;
  const lora = rules?.lora ? setup.lora : undefined;
  const speed = { tokensPerSecond, stepSeconds, mfu, gpuTflops };
  return { gpus, ep, context, batch, capacityGib, chunkedLoss, offload: nearest, lora, ...speed };
}

const ON_THE_HOST = {
  none: 'Nothing',
  optimizer: 'Optimizer states',
  all: 'Weights and gradients too',
} as const satisfies Readonly<Record<Offload, string>>;

function TrainingFields({ setup, onChange }: Pick<FieldsProps, 'setup' | 'onChange'>) {
  return (
    <>
      <Choice
        label="Bytes a parameter"
        value={String(setup.optimizerBytes ?? '')}
        options={[
          ['', 'As the program has it'],
          ...REGIMES.map((regime) => [String(regime.bytes), `${regime.bytes}: ${regime.title}`] as const),
        ]}
        onChange={(bytes) => onChange({ ...setup, optimizerBytes: bytes === '' ? undefined : Number(bytes) })}
      />
      <Choice
        label="All but experts"
        value={setup.dense ?? ''}
        options={[
          ['', 'As the program has it'],
          ['sharded', 'Cut over all ranks'],
          ['replicated', 'Whole on EP ranks'],
        ]}
        onChange={(dense) =>
          onChange({ ...setup, dense: dense === 'sharded' || dense === 'replicated' ? dense : undefined })
        }
      />
      <Choice
        label="On the host"
        value={setup.offload ?? 'none'}
        options={offloadsOf(setup.framework ?? DEFAULT_MEMORY_PROGRAM).map(
          (what) => [what, ON_THE_HOST[what]] as const,
        )}
        onChange={(what) => isOffload(what) && onChange({ ...setup, offload: what })}
      />
      <Tick
        label="Checkpointing"
        on={setup.checkpointing !== false}
        onChange={(on) => onChange({ ...setup, checkpointing: on ? undefined : false })}
      />
      <Tick
        label="Chunked loss"
        on={setup.chunkedLoss === true}
        onChange={(on) => onChange({ ...setup, chunkedLoss: on ? true : undefined })}
      />
      <LoraFields setup={setup} onChange={onChange} />
      <SpeedFields setup={setup} onChange={onChange} />
    </>
  );
}

interface SliderProps {
  readonly label: string;
  readonly values: readonly number[];
  readonly value: number;
  readonly onChange: (value: number) => void;
}

/** A slider over values that can be: its steps are their places in the list. */
function SizeSlider({ label, values, value, onChange }: SliderProps) {
  const id = useId();
  const at = values.indexOf(value);
  return (
    <div className="setup-field memory-slider">
      <label htmlFor={id}>
        {label} <output className="mono">{value}</output>
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={Math.max(values.length - 1, 0)}
        step={1}
        value={Math.max(at, 0)}
        disabled={values.length < 2 && at >= 0}
        aria-valuetext={String(value)}
        title={values.length > 0 ? `Can be ${values.join(', ')}` : 'No value can be beside the others'}
        onChange={(event) => {
          const next = values[Number(event.target.value)];
          if (next !== undefined) onChange(next);
        }}
      />
    </div>
  );
}

interface TickProps {
  readonly label: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}

function Tick({ label, on, onChange }: TickProps) {
  return (
    <label className="memory-tick">
      <input type="checkbox" checked={on} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
