import { estimateMemory as estimate, plainReport as plain } from '../ranks/memory/estimate.ts';
import { placeSetup } from '../ranks/memory/place-setup.ts';
import type { MemoryReport, PlainReport } from '../ranks/memory/report.ts';
import type { MemoryProgram } from '../ranks/memory/rules.ts';
import { type MemoryMesh, type MemorySetup, meshOf } from '../ranks/memory/setup.ts';
import type { ModelShape } from '../ranks/memory/shape.ts';
import type { PlacementError } from '../ranks/types.ts';
import { fsdp2 } from './accelerate/program.ts';
import { PROGRAMS, type ProgramId } from './all.ts';
import { programsWith } from './program.ts';

/** Programs whose memory is modelled, in the order of the list. */
export const MEMORY_PROGRAMS = programsWith(PROGRAMS, 'placement', 'memory');

/** Taken where no program is named. */
export const DEFAULT_MEMORY_PROGRAM: ProgramId = fsdp2.id;

/** True for the id of a program whose memory is modelled. */
export function isMemoryFramework(text: string): text is ProgramId {
  return memoryProgramOf(text) !== undefined;
}

/** The program of an id whose memory is modelled; undefined for any other text. */
export function memoryProgramOf(id: string) {
  return MEMORY_PROGRAMS.find((program) => program.id === id);
}

function known({ framework = DEFAULT_MEMORY_PROGRAM }: MemorySetup): MemoryProgram | PlacementError {
  return memoryProgramOf(framework) ?? { error: `The memory of ${framework} is not modelled here.` };
}

/**
 * What one GPU needs for a training or serving run: a band with its terms, a verdict, and what was assumed.
 *
 * Pure. An error is the program's own message where it would refuse the set-up. docs/memory.md explains every term.
 */
export function estimateMemory(shape: ModelShape, setup: MemorySetup): MemoryReport | PlacementError {
  const program = known(setup);
  return 'error' in program ? program : estimate(program, shape, setup);
}

/** {@link estimateMemory} without what would change it. */
export function plainReport(shape: ModelShape, setup: MemorySetup): PlainReport | PlacementError {
  const program = known(setup);
  return 'error' in program ? program : plain(program, shape, setup);
}

/** The mesh of a set-up, or why there is none. */
export function meshOfSetup(setup: MemorySetup, shape: ModelShape): MemoryMesh | PlacementError {
  const program = known(setup);
  const placed = 'error' in program ? program : placeSetup(program, setup, shape);
  return 'error' in placed ? placed : meshOf(placed);
}
