import { useEffect, useMemo } from 'react';
import { type ExpertMap, frameworkOf } from '../../../core/index.ts';
import { useFramework, useRankAnswer, useRankQuery } from '../../placement/use-ranks.ts';
import { type RankCells, rankCells } from './rank-cells.ts';

interface RankColoursProps {
  readonly map: ExpertMap;
  readonly onCells: (cells: RankCells) => void;
}

/** Places the experts as the address says, and tells the map its colours. The programs' rules come with it, so it is loaded late. */
export function RankColours({ map, onCells }: RankColoursProps) {
  const program = useFramework();
  const { answer } = useRankAnswer(useRankQuery());
  const cells = useMemo(
    () => rankCells(map, answer?.picture ?? null, frameworkOf(program)?.title ?? program),
    [map, answer, program],
  );
  useEffect(() => onCells(cells), [cells, onCells]);
  return null;
}
