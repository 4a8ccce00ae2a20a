import type { PlacingProgram, SetUp } from './types.ts';

/**
 * What a placement cannot show: a part of the checkpoint that is not here, layers with other numbers of experts than the
 * config says, and more than one list of layers with experts.
 */
export function layerWarnings(
  { title, placement }: PlacingProgram,
  { facts, sizes }: Pick<SetUp, 'facts' | 'sizes'>,
): string[] {
  const out: string[] = [];
  const { unread, contradictions = [], towers = [] } = facts;
  if (unread !== undefined)
    out.push(
      `${unread} Layers, bytes and ranges that are not here are counted on no rank: complete the checkpoint first.`,
    );
  if (contradictions.length > 0 && !placement.countsByLayer)
    out.push(
      `${contradictions.join(' ')} ${title} builds every layer with the number of experts in the config, so it does not load this checkpoint as it is; the ranks here deal the experts that each layer has.`,
    );
  const [main, ...others] = towers;
  if (main === undefined || others.length === 0) return out;
  out.push(
    `${main} and ${others.join(', ')} both have experts, each dealt by itself. Limits on heads and sizes are checked for ${main} alone.`,
  );
  if (sizes.pp > 1)
    out.push(
      `Pipeline stages are counted by the layer numbers of ${main}; a layer of ${others.join(', ')} stands in the stage of the same number.`,
    );
  return out;
}
