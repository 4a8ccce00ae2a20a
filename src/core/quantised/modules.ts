import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { type DType, elementsOf, isCode, packingOf } from '../safetensors/dtype.ts';
import { type QuantConfig, quantConfig } from './config.ts';
import { QUANT_FORMATS } from './formats/all.ts';
import { isCodesName, isStackName, type PartName, type SplitName, splitName } from './names.ts';
import type { ModuleView, PackedForm, QuantFormat, Role } from './types.ts';

/** A module whose matrix, or whose stack of matrices, is quantised. */
export interface QuantModule {
  readonly name: string;
  readonly format: QuantFormat;
  /** Null where the headers do not say enough. */
  readonly form: PackedForm | null;
  readonly parts: ReadonlyMap<PartName, CheckpointTensor>;
  /** Parts that the format needs and that are not there. */
  readonly lacks: readonly Role[];
}

export interface QuantModules {
  readonly config: QuantConfig;
  /** By the module's name, in the order of the tensors. */
  readonly modules: ReadonlyMap<string, QuantModule>;
  /** Modules whose numbers are codes, in no format that is known; with their parts. */
  readonly unread: ReadonlyMap<string, ReadonlyMap<PartName, CheckpointTensor>>;
}

/** Dtypes of weights that are codes; a plain weight is a float of 16 bits and more. */
const isCodeType = (dtype: DType) => isCode(dtype) || packingOf(dtype) === 'container';

/** Part `weight` is what plain weights are called too, and what a name without a part is read as. */
function mayBeCodes({ module, part }: SplitName, { name, dtype }: CheckpointTensor): boolean {
  if (part !== 'weight') return isCodesName(part);
  return isCodeType(dtype) && (name !== module || isStackName(name));
}

/** True where any tensor may be codes: most checkpoints have none, and their names need not be taken apart. */
function hasCodes(tensors: Checkpoint['tensors']): boolean {
  for (const { dtype } of tensors.values()) if (isCodeType(dtype) || dtype === 'I16') return true;
  return false;
}

/** Every quantised module of a checkpoint, by its names, dtypes and shapes, and by its config. Pure. */
export function quantisedModules({ tensors, config }: Pick<Checkpoint, 'tensors' | 'config'>): QuantModules {
  const said = quantConfig(config);
  if (!hasCodes(tensors)) return { config: said, modules: new Map(), unread: new Map() };
  const modules = new Map<string, QuantModule>();
  const parts = new Map<string, Map<PartName, CheckpointTensor>>();
  const coded: string[] = [];
  for (const tensor of tensors.values()) {
    const split = splitName(tensor.name);
    const { module, part } = split;
    const known = parts.get(module);
    if (known) known.set(part, tensor);
    else parts.set(module, new Map([[part, tensor]]));
    if (mayBeCodes(split, tensor)) coded.push(module);
  }
  const unread = new Map<string, ReadonlyMap<PartName, CheckpointTensor>>();
  for (const name of new Set(coded)) {
    const own = parts.get(name) ?? new Map();
    const found = readModule(name, own, said);
    if (found) modules.set(name, found);
    else if (!isPlain(own)) unread.set(name, own);
  }
  return { config: said, modules, unread };
}

/** A dtype of small numbers without anything beside it, as FP8 alone: each code is the number. */
function isPlain(parts: ReadonlyMap<PartName, CheckpointTensor>): boolean {
  return [...parts].every(([part, { dtype }]) => part === 'weight' && packingOf(dtype) !== 'container');
}

function readModule(
  name: string,
  parts: ReadonlyMap<PartName, CheckpointTensor>,
  config: QuantConfig,
): QuantModule | null {
  const view: ModuleView = { name, config, part: (part) => parts.get(part) };
  for (const format of QUANT_FORMATS) {
    const form = format.form(view);
    if (form === null || (form !== 'unclear' && !(form.numbers > 0))) continue;
    const lacks = format.needs.filter((role) => partOf(format, parts, role) === undefined);
    return { name, format, form: form === 'unclear' ? null : form, parts, lacks };
  }
  return null;
}

function partOf(
  format: QuantFormat,
  parts: ReadonlyMap<PartName, CheckpointTensor>,
  role: Role,
): CheckpointTensor | undefined {
  for (const name of format.parts[role] ?? []) {
    const part = parts.get(name);
    if (part) return part;
  }
  return undefined;
}

/** The tensor that says one thing of a module; undefined where it has none. */
export function tensorOf({ format, parts }: QuantModule, role: Role): CheckpointTensor | undefined {
  return partOf(format, parts, role);
}

/** Numbers that a module's codes represent; null where the headers do not say. */
export function numbersIn({ form }: QuantModule): number | null {
  return form && form.numbers * form.matrices;
}

/** Where one matrix of a module lies, a part each. */
export interface PartRange {
  readonly role: Role;
  readonly tensor: CheckpointTensor;
  /** Bytes of the file. */
  readonly start: number;
  readonly end: number;
  /** Of one matrix. */
  readonly shape: readonly number[];
}

const ROLES: readonly Role[] = [
  ...(['codes', 'scale', 'global', 'zero', 'order', 'shape', 'offset', 'map', 'state'] as const),
  ...(['nested-scale', 'nested-map'] as const),
];

/** The bytes that one matrix of a module is made of. A part that is not stored for each matrix is there for all of them. */
export function matrixRanges(module: QuantModule, matrix: number): PartRange[] {
  const matrices = module.form?.matrices ?? 1;
  const inner = tensorOf(module, 'codes')?.shape ?? [];
  return ROLES.flatMap((role): PartRange[] => {
    const tensor = tensorOf(module, role);
    if (!tensor) return [];
    const { shape, start, end } = tensor;
    const own = matrices > 1 && elementsOf(shape) >= matrices && leads(shape, inner, matrices);
    if (!own) return [{ role, tensor, start, end, shape }];
    const size = (end - start) / matrices;
    const dims = shape.slice(leadingDims(shape, matrices));
    return [{ role, tensor, start: start + matrix * size, end: start + (matrix + 1) * size, shape: dims }];
  });
}

/** True where the first dims of a part count the matrices, as those of the codes do. */
function leads(shape: readonly number[], codes: readonly number[], matrices: number): boolean {
  const dims = leadingDims(shape, matrices);
  return dims > 0 && shape.slice(0, dims).join() === codes.slice(0, dims).join();
}

function leadingDims(shape: readonly number[], matrices: number): number {
  let count = 1;
  for (let dims = 0; dims < shape.length; dims += 1) {
    count *= shape[dims] as number;
    if (count === matrices) return dims + 1;
  }
  return 0;
}
