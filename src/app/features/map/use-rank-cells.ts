import { useMemo } from 'react';
import { type ExpertMap, frameworkOf } from '../../../core/index.ts';
import { useFramework, useRankAnswer, useRankQuery } from '../../placement/use-ranks.ts';
import { useChoices } from '../../state/choices.ts';
import { type RankCells, rankCells } from './rank-cells.ts';

/** The map coloured by rank, of the placement that the address names; null while cells show something else. */
export function useRankCells(map: ExpertMap | null): RankCells | null {
  const wanted = useChoices(({ colour }) => colour === 'rank');
  const program = useFramework();
  const { answer } = useRankAnswer(useRankQuery(), wanted);
  return useMemo(
    () => (wanted && map ? rankCells(map, answer?.picture ?? null, frameworkOf(program)?.title ?? program) : null),
    [wanted, map, answer, program],
  );
}
