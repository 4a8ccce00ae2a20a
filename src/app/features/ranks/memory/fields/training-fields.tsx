import {
  DEFAULT_MEMORY_PROGRAM,
  isOffload,
  type MemorySetup,
  memoryProgramOf,
  type Offload,
  REGIMES,
} from '../../../../../core/index.ts';
import { Choice } from '../../setup/choice.tsx';
import { LoraFields, SpeedFields } from './run-fields.tsx';

interface TrainingProps {
  readonly setup: MemorySetup;
  readonly onChange: (setup: MemorySetup) => void;
}

const PROGRAM_DEFAULT = ['', 'The program’s default'] as const;

const OFFLOAD_NAMES = {
  none: 'Nothing',
  optimizer: 'Optimizer states',
  all: 'Weights, gradients, optimizer states',
} as const satisfies Readonly<Record<Offload, string>>;

/** What a program can offload to the host. */
export function offloadsOf(id: string): readonly Offload[] {
  return ['none', ...(memoryProgramOf(id)?.memory.offloads ?? [])];
}

/** Fields that only a training run has. */
export function TrainingFields({ setup, onChange }: TrainingProps) {
  return (
    <>
      <Choice
        label="Bytes per parameter"
        title="Weights, gradients and optimizer states of one parameter"
        value={String(setup.optimizerBytes ?? '')}
        options={[
          PROGRAM_DEFAULT,
          ...REGIMES.map((regime) => [String(regime.bytes), `${regime.bytes}: ${regime.title}`] as const),
        ]}
        onChange={(bytes) => onChange({ ...setup, optimizerBytes: bytes === '' ? undefined : Number(bytes) })}
      />
      <Choice
        label="Weights other than experts"
        value={setup.dense ?? ''}
        options={[PROGRAM_DEFAULT, ['sharded', 'Sharded over all ranks'], ['replicated', 'Replicated on each EP rank']]}
        onChange={(dense) =>
          onChange({ ...setup, dense: dense === 'sharded' || dense === 'replicated' ? dense : undefined })
        }
      />
      <Choice
        label="Offload to the host"
        value={setup.offload ?? 'none'}
        options={offloadsOf(setup.framework ?? DEFAULT_MEMORY_PROGRAM).map(
          (what) => [what, OFFLOAD_NAMES[what]] as const,
        )}
        onChange={(what) => isOffload(what) && onChange({ ...setup, offload: what })}
      />
      <Tick
        label="Activation checkpointing"
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
