import type { PlacingProgram, SetUp } from './types.ts';

/** What a placement cannot show where layers have other numbers of experts than the config says, or stand in several towers. */
export function layerWarnings(
  { title, placement }: PlacingProgram,
  { facts, sizes }: Pick<SetUp, 'facts' | 'sizes'>,
): string[] {
  const out: string[] = [];
  const { contradictions = [], towers = [] } = facts;
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
