import type { MemoryAnswer, SizeName } from '../../../../../../workers/ranks/memory-protocol.ts';
import {
  DEFAULT_MEMORY_PROGRAM,
  GPU_MODELS,
  gpuGigabytes,
  isMemoryFramework,
  MEMORY_PROGRAMS,
  type MemorySetup,
  memoryProgramOf,
  USUAL_CONTEXT,
} from '../../../../../core/index.ts';
import { Choice } from '../../setup/choice.tsx';
import { SizeControl } from './size-control.tsx';
import type { SizeScale } from './size-scale.ts';
import { offloadsOf, TrainingFields } from './training-fields.tsx';

interface FieldsProps {
  readonly setup: MemorySetup;
  readonly choices: MemoryAnswer['choices'];
  readonly report: MemoryAnswer['report'];
  readonly onChange: (setup: MemorySetup) => void;
}

const MOST_RANKS = 16_384;
const DEGREE_SCALE = { least: 1, most: 64, marks: [1, 4, 16, 64] } as const;

const SIZES: readonly (readonly [name: SizeName, label: string, title: string, scale: SizeScale])[] = [
  ['gpus', 'GPUs', 'Number of GPUs', { least: 1, most: 1024, marks: [1, 8, 64, 512] }],
  [
    'ep',
    'Expert parallel',
    'EP: the experts are divided over this many ranks',
    { least: 1, most: 512, marks: [1, 8, 64, 512] },
  ],
  ['cp', 'Context parallel', 'CP: each sequence is divided over this many ranks', DEGREE_SCALE],
  ['tp', 'Tensor parallel', 'TP: each matrix is divided over this many ranks', DEGREE_SCALE],
  ['pp', 'Pipeline parallel', 'PP: the layers are divided into this many stages', DEGREE_SCALE],
];

const CONTEXT_SCALE = { least: 1024, most: 1_048_576, marks: [1024, 8192, 65_536, 1_048_576] } as const;
const BATCH_SCALE = { least: 1, most: 256, marks: [1, 4, 16, 64, 256] } as const;

/** Everything that decides what a GPU holds. Sliders stop at sizes that work together; data parallelism fills the rest. */
export function SetupFields({ setup, choices, report, onChange }: FieldsProps) {
  const framework = setup.framework ?? DEFAULT_MEMORY_PROGRAM;
  const serving = memoryProgramOf(framework)?.memory.serves ?? false;
  return (
    <form className="memory-setup" aria-label="Set-up" onSubmit={(event) => event.preventDefault()}>
      <h2>Set-up</h2>
      <Choice
        label="Program"
        value={framework}
        options={MEMORY_PROGRAMS.map(({ id, memory }) => [id, memory.title])}
        onChange={(id) => isMemoryFramework(id) && onChange({ framework: id, ...sharedOf(setup, id) })}
      />
      <Choice
        label="GPU"
        title="The memory that programs can use on one GPU"
        value={String(setup.capacityGib ?? DEFAULT_GIB)}
        options={GPU_MODELS.map((gpu) => [String(gpu.gib), `${gpu.title}: ${gpuGigabytes(gpu).toFixed(1)} GB`])}
        onChange={(gib) => onChange({ ...setup, capacityGib: gib === DEFAULT_GIB ? undefined : Number(gib) })}
      />
      <SizeControls setup={setup} choices={choices} report={report} onChange={onChange} />
      <SizeControl
        label="Context"
        title="Tokens of one sequence"
        scale={CONTEXT_SCALE}
        values={doublings(CONTEXT_SCALE)}
        value={setup.context ?? null}
        usual={USUAL_CONTEXT}
        most={10_000_000}
        problem={null}
        onChange={(context) => onChange({ ...setup, context: context ?? undefined })}
      />
      <SizeControl
        label={serving ? 'Sequences' : 'Micro batch'}
        title={serving ? 'Sequences that are in the cache at the same time' : 'Sequences of one micro batch'}
        scale={BATCH_SCALE}
        values={doublings(BATCH_SCALE)}
        value={setup.batch ?? null}
        usual={1}
        most={MOST_RANKS}
        problem={null}
        onChange={(batch) => onChange({ ...setup, batch: batch ?? undefined })}
      />
      {!serving && <TrainingFields setup={setup} onChange={onChange} />}
    </form>
  );
}

const DEFAULT_GIB = String(GPU_MODELS.find(({ id }) => id === 'h100')?.gib);

function SizeControls({ setup, choices, report, onChange }: FieldsProps) {
  const mesh = 'error' in report ? null : report.mesh;
  return SIZES.map(([name, label, title, scale]) => (
    <SizeControl
      key={name}
      label={label}
      title={title}
      scale={scale}
      values={choices[name]}
      value={setup[name] ?? null}
      usual={mesh?.[name] ?? 1}
      most={MOST_RANKS}
      problem={mesh === null ? problemOf(setup[name], choices[name]) : null}
      onChange={(value) => onChange({ ...setup, [name]: value ?? undefined, dp: undefined })}
    />
  ));
}

/** Why a chosen size is refused, as far as one field can say it: the result has the program's own message. */
function problemOf(value: number | undefined, values: readonly number[]): string | null {
  if (value === undefined || values.length === 0 || values.includes(value)) return null;
  return `${value} does not work with the other sizes. These do: ${values.join(', ')}.`;
}

function doublings({ least, most }: SizeScale): number[] {
  const out: number[] = [];
  for (let value = least; value <= most; value *= 2) out.push(value);
  return out;
}

/** What another program can keep of a set-up; the nearest offload that it has. */
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
