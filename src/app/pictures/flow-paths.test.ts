import { expect, it } from 'vitest';
import type { FlowMove } from '../../core/index.ts';
import { arrivedAt, inksOf, pathsAt, stepFrom } from './flow-paths.ts';

const move = (at: number, ink: 'gate' | 'up'): FlowMove => ({
  expert: at,
  ink,
  landed: 'gate-up',
  from: { x: 0, y: 0, width: 4, height: 2 },
  to: { x: 10 * at, y: 100, width: 4, height: 2 },
  starts: at * 0.5,
  ends: at * 0.5 + 0.5,
  file: 'model.safetensors',
  title: '',
});
const moves = [move(0, 'gate'), move(1, 'up')];

it('paints all pieces of an ink as one path, and what has arrived in its own', () => {
  expect(inksOf(moves)).toEqual(['gate', 'gate-up', 'up']);
  expect([...pathsAt(moves, 0)]).toEqual([]);
  expect([...pathsAt(moves, 0.25)]).toEqual([['gate', 'M0 50h4v2h-4z']]);
  expect([...pathsAt(moves, 0.75)]).toEqual([
    ['gate-up', 'M0 100h4v2h-4z'],
    ['up', 'M5 50h4v2h-4z'],
  ]);
  expect([...pathsAt(moves, 1)]).toEqual([['gate-up', 'M0 100h4v2h-4zM10 100h4v2h-4z']]);
});

it('steps from arrival to arrival, and counts what has arrived', () => {
  expect([0, 0.49, 0.5, 0.99, 1].map((t) => arrivedAt(moves, t))).toEqual([0, 0, 1, 1, 2]);
  expect([stepFrom(moves, 0, 1), stepFrom(moves, 0.5, 1), stepFrom(moves, 1, 1)]).toEqual([0.5, 1, 1]);
  expect([stepFrom(moves, 1, -1), stepFrom(moves, 0.5, -1)]).toEqual([0.5, 0]);
});
