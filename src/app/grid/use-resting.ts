import { useEffect, useState } from 'react';
import type { Cell } from './geometry.ts';

/** A pointer that rests this long is looked up. */
const REST_MS = 60;

/** True once the pointer has stayed on a cell for a moment. */
export function useResting({ row, column }: Cell): boolean {
  const [resting, setResting] = useState('');
  const mine = `${row} ${column}`;
  useEffect(() => {
    const timer = setTimeout(() => setResting(mine), REST_MS);
    return () => clearTimeout(timer);
  }, [mine]);
  return resting === mine;
}
