import { type Emitted, fill } from '../embed/emitted.ts';
import { pythonJson } from '../embed/python.ts';
import { TOOL } from '../embed/tool.ts';
import type { LoadingProgram, ProgramVerdict } from '../loads/types.ts';
import type { HashedSample } from './load-script-samples.ts';

export type LoadScript = { readonly script: Emitted<'python'> } | { readonly reason: string };

/**
 * A Python script that loads a checkpoint with one program and compares what it reports with the prediction.
 *
 * It prints missing and unexpected names and a hash per sampled expert, and ends with 0 when all is as predicted, 1 when
 * not. It needs the program itself (and torch and safetensors), nothing else. `reason` says why a program has none.
 */
export function scriptOf(
  { loads: { proof } }: LoadingProgram,
  predicted: ProgramVerdict,
  samples: readonly HashedSample[] = [],
): LoadScript {
  if ('reason' in proof) return proof;
  if (predicted.verdict === 'unknown') {
    return {
      reason: `Nothing is known about ${predicted.id} and this checkpoint, so there is nothing to compare with.`,
    };
  }
  return {
    script: fill(proof.script, { TOOL, PREDICTED: embed(predicted, samples) }),
  };
}

function embed(predicted: ProgramVerdict, samples: readonly HashedSample[]): Emitted<'python'> {
  const { id, version, verdict, missing, unexpected, mismatched } = predicted;
  const cut = samples.map(({ layer, expert, projection, view, slice, sha256 }) => ({
    layer,
    projection,
    number: expert,
    dtype: view.dtype,
    ...slice,
    sha256,
  }));
  return pythonJson({ consumer: id, version, verdict, missing, unexpected, mismatched, samples: cut }, 1);
}
