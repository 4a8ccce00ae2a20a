import {
  DEFAULT_MEMORY_PROGRAM,
  H100_TFLOPS,
  type MemorySetup,
  memoryProgramOf,
  parseLoraTargets,
} from '../../../../../core/index.ts';
import { Choice } from '../../setup/choice.tsx';
import { NumberField } from '../../setup/number-field.tsx';
import { TextField } from '../../setup/text-field.tsx';

interface RunFieldsProps {
  readonly setup: MemorySetup;
  readonly onChange: (setup: MemorySetup) => void;
}

/** LoRA: a rank, and targets as the command line takes them. Nothing where the program's LoRA is not modelled. */
export function LoraFields({ setup, onChange }: RunFieldsProps) {
  const { lora, framework = DEFAULT_MEMORY_PROGRAM } = setup;
  if (!memoryProgramOf(framework)?.memory.lora) return null;
  return (
    <>
      <NumberField
        label="LoRA rank"
        title="Train adapters of this rank; the weights are frozen"
        value={lora?.rank ?? null}
        placeholder="none"
        onChange={(rank) => onChange({ ...setup, lora: rank === null ? undefined : { targets: null, ...lora, rank } })}
      />
      {lora && (
        <TextField
          wide
          label="LoRA targets"
          title="Modules with + between them, such as q_proj+v_proj; or attention, experts, all-linear"
          value={lora.targets?.join('+') ?? ''}
          placeholder="the usual ones"
          parse={parseLoraTargets}
          onChange={(targets) => onChange({ ...setup, lora: { ...lora, targets } })}
        />
      )}
    </>
  );
}

const SPEEDS = [
  ['tokensPerSecond', 'Tokens a second'],
  ['stepSeconds', 'Seconds of a step'],
  ['mfu', 'MFU in %'],
] as const;
type SpeedName = (typeof SPEEDS)[number][0];

/** A speed, of which MFU follows, or the other way round. */
export function SpeedFields({ setup, onChange }: RunFieldsProps) {
  const given = SPEEDS.find(([name]) => setup[name] !== undefined)?.[0] ?? null;
  const { gpuTflops } = setup;
  const change = (name: SpeedName | null, value: number | null) => {
    const { tokensPerSecond: _tokens, stepSeconds: _seconds, mfu: _mfu, ...rest } = setup;
    onChange(name === null || value === null ? rest : { ...rest, [name]: value });
  };
  return (
    <>
      <Choice
        label="Speed"
        title="What is known of the speed: tokens of the whole run in a second, seconds of a step, or MFU"
        value={given ?? ''}
        options={[['', 'Not given'], ...SPEEDS]}
        onChange={(id) => {
          const name = SPEEDS.find(([each]) => each === id)?.[0] ?? null;
          change(name, name && FIRST[name]);
        }}
      />
      {given && (
        <>
          <TextField
            label={SPEEDS.find(([name]) => name === given)?.[1] ?? ''}
            title="A number above 0"
            value={String(setup[given] ?? '')}
            placeholder=""
            parse={positive}
            onChange={(value) => value !== null && change(given, value)}
          />
          <TextField
            label="GPU TFLOP/s"
            title="Dense bf16 of one GPU"
            value={gpuTflops === undefined ? '' : String(gpuTflops)}
            placeholder={String(H100_TFLOPS)}
            parse={positive}
            onChange={(value) => onChange({ ...setup, gpuTflops: value ?? undefined })}
          />
        </>
      )}
    </>
  );
}

/** What a speed starts at, to be typed over. */
const FIRST: Readonly<Record<SpeedName, number>> = { tokensPerSecond: 10_000, stepSeconds: 10, mfu: 30 };

function positive(text: string): number | null {
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) && Number(text) > 0 ? Number(text) : null;
}
