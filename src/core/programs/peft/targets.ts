import type { Adapter } from '../../ranks/memory/lora.ts';
import type { Matrix, ModelShape } from '../../ranks/memory/shape.ts';
import { conversionOf, convertedName, halfFused, type TargetConversion } from './conversion.ts';

/** How a program holds what is no plain linear module: PEFT reaches it as a parameter, or not at all. */
export interface ModuleForm {
  /** Routed experts: a linear module each, or stacked parameters with gate and up in one (`fused`) or apart (`stacked`). */
  readonly experts: 'linear' | 'fused' | 'stacked';
  readonly router: 'linear' | 'parameter';
  /** True where PEFT converts names of transformers 4. */
  readonly converts: boolean;
}

/** What one target adds, or PEFT's own message; `lost` are matrices that the name means and that get no adapter. */
interface Found {
  readonly adapters: readonly Adapter[];
  readonly lost: readonly Matrix[];
}

/** Mixtral's names of the projections of an expert, where each is a module. */
const PROJECTIONS: Readonly<Record<string, string>> = { w1: 'gate_proj', w3: 'up_proj', w2: 'down_proj' };

export const ATTENTION = 'attention';
export const EXPERTS = 'experts';
export const ALL_LINEAR = 'all-linear';

/** The adapters that a list of targets adds to a model, each matrix once. An error is PEFT's own message. */
export function targetAdapters(
  shape: ModelShape,
  form: ModuleForm,
  rank: number,
  targets: readonly string[],
): { readonly adapters: readonly Adapter[]; readonly said: readonly string[] } | { readonly error: string } {
  const conversion = form.converts ? conversionOf(shape) : null;
  const names = targets.flatMap((target) =>
    target === ALL_LINEAR && conversion
      ? [ALL_LINEAR, conversion.router, ...conversion.fused, conversion.down]
      : [target],
  );
  const converted = new Set(names.flatMap((name) => (conversion && convertedName(conversion, name)) ?? []));
  const half = conversion && halfFused(conversion, converted);
  if (half) return { error: half };
  const found = new Map<string, Adapter>();
  const said: string[] = [];
  const lost = new Set<string>();
  for (const name of names) {
    const hit = findTarget(shape, form, conversion, rank, name);
    if (hit.adapters.length === 0 && targets.includes(name))
      said.push(`No layer has a module named ${name}: it gets no adapter.`);
    for (const matrix of hit.lost) lost.add(matrix.path);
    for (const adapter of hit.adapters) {
      const key = `${adapter.path} ${adapter.out} ${adapter.in}`;
      const other = found.get(key);
      if (!other || other.rank < adapter.rank) found.set(key, adapter);
    }
  }
  if (found.size === 0)
    return {
      error: `Target modules {${targets.map((name) => `'${name}'`).join(', ')}} not found in the base model. Please check the target modules and try again.`,
    };
  const without = [...lost].filter((path) => ![...found.values()].some((adapter) => adapter.path === path));
  if (targets.includes(ALL_LINEAR) && !conversion && form.experts !== 'linear' && shape.experts > 0)
    said.push('all-linear leaves out routed experts, which are stacked parameters here; all-linear+experts adds them.');
  if (without.length > 0)
    said.push(
      `PEFT takes these names for the stacked parameters of routed experts in ${shape.modelType}: ${without.join(', ')} get no adapter.`,
    );
  return { adapters: [...found.values()], said };
}

function findTarget(
  shape: ModelShape,
  form: ModuleForm,
  conversion: TargetConversion | null,
  rank: number,
  name: string,
): Found {
  const modules = shape.matrices.filter((matrix) => isModule(matrix, form));
  const plain = (matrices: readonly Matrix[]): Found => ({
    adapters: matrices.map((matrix) => ({ ...matrix, rank, merges: false })),
    lost: [],
  });
  const experts = expertAdapters(shape, form, rank);
  switch (name) {
    case ATTENTION:
      return plain(modules.filter(({ part }) => part === 'attention'));
    case EXPERTS:
      return { adapters: experts, lost: [] };
    case ALL_LINEAR: {
      const all = modules.filter(
        ({ part, path }) => !['head', 'embedding'].includes(part) && !/(^|\.)\w*embed/.test(path),
      );
      return conversion ? convertAll(all, conversion, plain) : plain(all);
    }
  }
  const meant = modules.filter(({ path }) => endsWith(path, name));
  const old = conversion && convertedName(conversion, name);
  if (conversion && old) return { adapters: convertedAdapters(shape, form, conversion, rank, old), lost: meant };
  if (meant.length > 0) return plain(meant);
  const linear = form.experts === 'linear';
  const usual = (linear && PROJECTIONS[name]) || name;
  const others = linear ? modules : [...experts, ...routers(shape, form, rank)];
  const named = others.filter(({ path, part }) => endsWith(path, usual) && (usual === name || part === 'routed'));
  return { adapters: named.map((matrix) => ({ merges: false, ...matrix, rank })), lost: [] };
}

/** `all-linear` becomes a list of last names, of which those of experts are converted, dense and shared MLPs with them. */
function convertAll(
  all: readonly Matrix[],
  conversion: TargetConversion,
  plain: (matrices: readonly Matrix[]) => Found,
): Found {
  const kept = all.filter(({ path }) => convertedName(conversion, path) === null);
  return { adapters: plain(kept).adapters, lost: all.filter((matrix) => !kept.includes(matrix)) };
}

function isModule({ part }: Matrix, { experts, router }: ModuleForm): boolean {
  if (part === 'routed') return experts === 'linear';
  return part !== 'router' || router === 'linear';
}

function convertedAdapters(
  shape: ModelShape,
  form: ModuleForm,
  { router, fused }: TargetConversion,
  rank: number,
  old: string,
): readonly Adapter[] {
  if (old === router) return routers(shape, form, rank);
  const [gateUp, down] = [`.gate_up_proj`, `.down_proj`];
  // Gate and up keep a rank each: the fused parameter has twice the rank.
  return fused.includes(old)
    ? expertAdapters(shape, form, 2 * rank).filter(({ path }) => path.endsWith(gateUp))
    : expertAdapters(shape, form, rank).filter(({ path }) => path.endsWith(down));
}

function routers({ matrices }: ModelShape, { router }: ModuleForm, rank: number): Adapter[] {
  return router === 'linear'
    ? []
    : matrices
        .filter(({ part }) => part === 'router')
        .map((matrix) => ({ ...matrix, path: `${matrix.path}.weight`, rank, merges: true }));
}

/** Adapters of the routed experts, one pair an expert and matrix, gate and up in one where they are stored so. */
function expertAdapters({ matrices }: ModelShape, { experts }: ModuleForm, rank: number): Adapter[] {
  const routed = matrices.filter(({ part }) => part === 'routed');
  const merges = experts !== 'linear';
  return routed.flatMap((matrix): Adapter[] => {
    if (experts !== 'fused') return [{ ...matrix, rank, merges }];
    if (matrix.path.endsWith('up_proj')) return [];
    const isGate = matrix.path.endsWith('gate_proj');
    const path = isGate ? matrix.path.replace(/gate_proj$/, 'gate_up_proj') : matrix.path;
    return [{ ...matrix, path, out: isGate ? 2 * matrix.out : matrix.out, rank, merges }];
  });
}

function endsWith(path: string, name: string): boolean {
  return path === name || path.endsWith(`.${name}`);
}
