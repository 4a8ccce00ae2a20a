import type { LoadsFacet, Response } from '../../loads/types.ts';
import { READ } from './ask.ts';

const NO_FILE: Response = {
  verdict: 'refuses',
  says: 'It opens every file that the index names before it loads any, and ends with a FileNotFoundError.',
  evidence: {
    kind: 'run',
    source: 'transformers 5.18.0, from_pretrained on a folder without one shard of its index',
    date: '2026-11-22',
  },
};

/** What transformers makes of checkpoints that are not whole. */
export const MINDS: NonNullable<LoadsFacet['minds']> = {
  'shard-missing': NO_FILE,
  'tensor-missing': {
    verdict: 'partial',
    says: 'It names what is missing in a warning, makes random values for it, and starts.',
    evidence: READ,
  },
  'config-number': {
    verdict: 'refuses',
    says: 'Its class makes tensors of that size, which torch does only of whole numbers.',
    evidence: READ,
  },
  'router-rows': {
    verdict: 'refuses',
    says: 'It compares shapes, and ends with an error where one differs.',
    evidence: READ,
  },
  'layers-beyond': {
    verdict: 'partial',
    says: 'It builds as many layers as the config says and drops the others with a warning.',
    evidence: READ,
  },
};
