import type { Attribute, Element, OnnxGraph, OnnxInitializer, OnnxNode, OnnxValue } from './onnx.ts';

/** Numbers as a checkpoint stores them, of a shape. `bytes` holds them in C order, little endian. */
export interface Weight {
  readonly element: 'f32' | 'f16' | 'bf16';
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** The name of a value inside a graph. */
export type Value = string & { readonly onnxValue?: never };

/** Puts a graph together, op by op; names are given out as it goes. */
export interface GraphBuilder {
  input(name: string, element: Element, dims: readonly (number | string)[]): Value;
  /** A small constant inside the model. */
  floats(values: readonly number[], dims?: readonly number[]): Value;
  ints(values: readonly number[]): Value;
  /** Weights beside the model, as f32: 16-bit ones are cast by the graph. */
  weight(name: string, weight: Weight): Value;
  op(type: string, inputs: readonly Value[], attributes?: Readonly<Record<string, Attribute>>, domain?: string): Value;
  /** An op with more than one result. */
  ops(type: string, count: number, inputs: readonly Value[], attributes?: Readonly<Record<string, Attribute>>): Value[];
  output(name: string, value: Value, element: Element, dims: readonly (number | string)[]): void;
  finish(): OnnxGraph;
}

export function createGraph(name: string): GraphBuilder {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxInitializer[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let count = 0;
  const fresh = (stem: string): Value => `${stem}_${count++}`;
  const constant = (element: Element, dims: readonly number[], bytes: Uint8Array): Value => {
    const constantName = fresh('constant');
    initializers.push({ name: constantName, element, dims, bytes, external: false });
    return constantName;
  };
  const builder: GraphBuilder = {
    input: (inputName, element, dims) => {
      inputs.push({ name: inputName, element, dims });
      return inputName;
    },
    floats: (values, dims = values.length === 1 ? [] : [values.length]) =>
      constant('f32', dims, new Uint8Array(Float32Array.from(values).buffer)),
    ints: (values) => constant('int64', [values.length], new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer)),
    weight: (weightName, { element, dims, bytes }) => {
      initializers.push({ name: weightName, element, dims, bytes, external: true });
      return element === 'f32' ? weightName : builder.op('Cast', [weightName], { to: 1 });
    },
    op: (type, from, attributes = {}, domain = '') => {
      const result = fresh(type);
      nodes.push({ type, inputs: from, outputs: [result], attributes, domain });
      return result;
    },
    ops: (type, results, from, attributes = {}) => {
      const names = Array.from({ length: results }, () => fresh(type));
      nodes.push({ type, inputs: from, outputs: names, attributes, domain: '' });
      return names;
    },
    output: (outputName, value, element, dims) => {
      nodes.push({ type: 'Identity', inputs: [value], outputs: [outputName], attributes: {}, domain: '' });
      outputs.push({ name: outputName, element, dims });
    },
    finish: () => ({ name, nodes, initializers, inputs, outputs }),
  };
  return builder;
}
