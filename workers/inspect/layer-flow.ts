import {
  type Checkpoint,
  type ConversionPlan,
  createFlows,
  detectLayout,
  type FlowScene,
  flowScene,
  flowTitle,
  type PlanOptions,
  type Target,
} from '../../src/core/index.ts';

/** Which layer is drawn, and how wide. */
export interface DrawnLayerName {
  readonly prefix: string;
  readonly width: number;
}

export interface FlowService {
  /** What a plan does with the layer of a prefix, as a scene; null where the plan is refused or leaves the layer out. */
  flow(target: Target, options: PlanOptions, layer: DrawnLayerName): Promise<FlowScene | null>;
}

/** Draws flows; the plan of the last order is kept, so that one can step through its layers. */
export function createFlowService(
  checkpoint: Checkpoint,
  planOf: (target: Target, options: PlanOptions) => Promise<ConversionPlan>,
): FlowService {
  let last: { readonly order: string; readonly scene: Promise<(layer: DrawnLayerName) => FlowScene | null> } | null =
    null;
  const scenes = async (target: Target, options: PlanOptions) => {
    const plan = await planOf(target, options);
    const layout = detectLayout(checkpoint, options.assume ? { assume: options.assume } : {});
    const flows = createFlows(plan, checkpoint, layout);
    return ({ prefix, width }: DrawnLayerName) => {
      const at = layout.groups.findIndex((group) => group.prefix === prefix);
      const flow = at === -1 ? null : flows.layer(at);
      return flow && flowScene(flow, flowTitle(flow, plan), width);
    };
  };
  return {
    flow: async (target, options, layer) => {
      const order = JSON.stringify([target, options]);
      if (last?.order !== order) {
        const made = { order, scene: scenes(target, options) };
        last = made;
        made.scene.catch(() => {
          if (last === made) last = null;
        });
      }
      return (await last.scene)(layer);
    },
  };
}
