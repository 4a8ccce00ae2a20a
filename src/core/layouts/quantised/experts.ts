import type { CheckpointTensor } from '../../checkpoint/types.ts';
import type { QuantModule, QuantModules } from '../../quantised/modules.ts';
import { type PartName, splitName } from '../../quantised/names.ts';
import { expertTemplate } from '../tensor-place.ts';
import type { LayerGroup } from '../types.ts';

/** One matrix or one stack of a layer's routed experts, with its format where it is quantised. */
export interface ExpertModule {
  readonly name: string;
  readonly group: LayerGroup;
  /** Its name below the layer with `{i}` for the expert's number: one for each projection. */
  readonly template: string;
  /** True for a stack of all experts. */
  readonly stacked: boolean;
  readonly module: QuantModule | null;
  readonly parts: ReadonlyMap<PartName, CheckpointTensor>;
  /** `plain`: numbers as they are. `quantised`: in a known format. `unread`: codes in no known format. */
  readonly how: 'plain' | 'quantised' | 'unread';
}

/** The modules that hold a checkpoint's routed experts, layer by layer. Pure. */
export function expertModules(
  tensors: ReadonlyMap<string, CheckpointTensor>,
  { modules, unread }: QuantModules,
  groups: readonly LayerGroup[],
): ExpertModule[] {
  return groups.flatMap((group) => {
    const parts = new Map<string, Map<PartName, CheckpointTensor>>();
    for (const name of group.expertTensors) {
      const tensor = tensors.get(name);
      if (!tensor || name.endsWith('bias')) continue;
      const { module, part } = splitName(name);
      const known = parts.get(module);
      if (known) known.set(part, tensor);
      else parts.set(module, new Map([[part, tensor]]));
    }
    return Array.from(parts, ([name, own]): ExpertModule => {
      const module = modules.get(name) ?? null;
      const how = module ? 'quantised' : unread.has(name) ? 'unread' : 'plain';
      const whole = expertTemplate(name);
      const template = whole.slice(group.prefix.length);
      return { name, group, template, stacked: whole === name, module, parts: own, how };
    });
  });
}
