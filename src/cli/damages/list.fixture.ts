import type { Damage } from './model.fixture.ts';
import { CONFIG_DAMAGES, EXPERT_DAMAGES, VALUE_DAMAGES } from './of-experts.fixture.ts';
import { FILE_DAMAGES, INDEX_DAMAGES, SLICE_DAMAGES } from './of-files.fixture.ts';

/** What happens to checkpoints on their way, each a kind that somebody has met. */
export const DAMAGES: readonly Damage[] = [
  ...FILE_DAMAGES,
  ...INDEX_DAMAGES,
  ...SLICE_DAMAGES,
  ...EXPERT_DAMAGES,
  ...CONFIG_DAMAGES,
  ...VALUE_DAMAGES,
];
