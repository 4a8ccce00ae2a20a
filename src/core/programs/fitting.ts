import { estimateMemory as estimate, plainReport as plain } from '../ranks/memory/estimate.ts';
import { meshOfSetup as mesh } from '../ranks/memory/mesh-of-setup.ts';
import type { MemoryReport, PlainReport } from '../ranks/memory/report.ts';
import type { MemoryProgram } from '../ranks/memory/rules.ts';
import type { MemoryMesh, MemorySetup } from '../ranks/memory/setup.ts';
import type { ModelShape } from '../ranks/memory/shape.ts';
import type { PlacementError } from '../ranks/types.ts';
import { fsdp2 } from './accelerate/program.ts';
import { PROGRAMS, type ProgramId, programOf } from './all.ts';
import type { Program } from './program.ts';

/** Programs whose memory is modelled, in the order of the list. */
export const MEMORY_PROGRAMS: readonly (Program<ProgramId> & MemoryProgram)[] = PROGRAMS.filter(isModelled);

/** Taken where no program is named. */
export const DEFAULT_MEMORY_PROGRAM: ProgramId = fsdp2.id;

function isModelled<P extends Program>(program: P): program is P & MemoryProgram {
  return program.memory !== undefined && program.placement !== undefined;
}

/** True for the id of a program whose memory is modelled. */
export function isMemoryFramework(text: string): text is ProgramId {
  return memoryProgramOf(text) !== undefined;
}

/** The program of an id whose memory is modelled; undefined for any other text. */
export function memoryProgramOf(id: string): (Program<ProgramId> & MemoryProgram) | undefined {
  const program = programOf(id);
  return program && isModelled(program) ? program : undefined;
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
  return 'error' in program ? program : saidAloud(estimate(program, shape, setup), shape, setup);
}

/** {@link estimateMemory} without what would change it. */
export function plainReport(shape: ModelShape, setup: MemorySetup): PlainReport | PlacementError {
  const program = known(setup);
  return 'error' in program ? program : saidAloud(plain(program, shape, setup), shape, setup);
}

/** The mesh of a set-up, or why there is none. */
export function meshOfSetup(setup: MemorySetup, shape: ModelShape): MemoryMesh | PlacementError {
  const program = known(setup);
  return 'error' in program ? program : mesh(program, setup, shape);
}

function saidAloud<R extends PlainReport>(report: R | PlacementError, shape: ModelShape, setup: MemorySetup) {
  if ('error' in report || setup.framework !== undefined) return report;
  const said = 'Framework: FSDP2 as accelerate and TRL run it, experts folded over its ranks.';
  const assumed = [...report.assumed];
  assumed.splice(shape.assumed.length, 0, said);
  return { ...report, assumed };
}
