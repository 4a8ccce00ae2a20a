import type { PlacingProgram, SetUp } from './types.ts';

/**
 * Warnings about a placement: parts of the checkpoint that are missing, layers whose number of experts differs from the
 * config, and more than one list of layers with experts.
 */
export function layerWarnings(
  { title, placement }: PlacingProgram,
  { facts, sizes }: Pick<SetUp, 'facts' | 'sizes'>,
): string[] {
  const out: string[] = [];
  const { unread, contradictions = [], towers = [] } = facts;
  if (unread !== undefined)
    out.push(
      `${unread} Layers and bytes in files that are missing or were not read are not counted on any rank. Complete the checkpoint first.`,
    );
  if (contradictions.length > 0 && !placement.countsByLayer)
    out.push(
      `${contradictions.join(' ')} ${title} builds every layer with the number of experts in the config, so it does not load this checkpoint unchanged. The placement here uses the experts that each layer has in the files.`,
    );
  const [main, ...others] = towers;
  if (main === undefined || others.length === 0) return out;
  out.push(
    `${main} and ${others.join(', ')} both have experts. The experts of each are placed separately. Limits on heads and sizes are checked only for ${main}.`,
  );
  if (sizes.pp > 1)
    out.push(
      `Pipeline stages follow the layer numbers of ${main}. A layer of ${others.join(', ')} is in the stage of the layer of ${main} with the same number.`,
    );
  return out;
}
