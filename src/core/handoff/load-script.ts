import type { LoadingProgram, ProgramVerdict } from '../loads/types.ts';
import { VERSION } from '../version.ts';
import type { HashedSample } from './load-script-samples.ts';

export type LoadScript = { readonly script: string } | { readonly reason: string };

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
    return { reason: `Nothing is known of ${predicted.id} and this checkpoint, so there is nothing to compare with.` };
  }
  return {
    script: proof.script
      .replace('__TOOL__', () => `moe-loom ${VERSION}`)
      .replace('__PREDICTED__', () => embed(predicted, samples)),
  };
}

/** JSON inside a raw Python string of three quotes: names of tensors hold no quotes, but a hostile file's might. */
function embed(predicted: ProgramVerdict, samples: readonly HashedSample[]): string {
  const { id, version, verdict, missing, unexpected, mismatched } = predicted;
  const cut = samples.map(({ layer, expert, projection, view, slice, sha256 }) => ({
    layer,
    projection,
    number: expert,
    dtype: view.dtype,
    ...slice,
    sha256,
  }));
  const json = JSON.stringify(
    { consumer: id, version, verdict, missing, unexpected, mismatched, samples: cut },
    null,
    1,
  );
  return json.replaceAll("'", '\\u0027').replace(/[\u007f-\uffff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
