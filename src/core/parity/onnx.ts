import { createProtoWriter, type ProtoWriter } from './protobuf.ts';

/** Element types of ONNX tensors, as onnx.proto numbers them. */
export const ELEMENT = { f32: 1, f16: 10, bf16: 16, int64: 7, bool: 9 } as const;
export type Element = keyof typeof ELEMENT;

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Empty for the standard's own operators. */
  readonly domain: string;
}

/** A dim that only the run decides has a name. */
export interface OnnxValue {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly (number | string)[];
}

/** A constant of the graph: its bytes are in the model, or in a file of their own that the session is given beside it. */
export interface OnnxInitializer {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
  readonly external: boolean;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** The opset that has everything a block needs (ScatterND with addition came with 16) and that every runtime of today reads. */
const OPSET = 17;
const IR_VERSION = 8;
const CONTRIB_VERSION = 1;
export const CONTRIB = 'com.microsoft';

/**
 * The bytes of a ModelProto. External tensors are left out: each names itself as the location of its bytes.
 *
 * Field numbers from onnx.proto (onnx 1.18).
 */
export function writeModel(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  const domains = new Set(graph.nodes.map(({ domain }) => domain));
  const model = createProtoWriter().int(1, IR_VERSION).text(2, 'moe-loom');
  model.message(7, (writer) => writeGraph(writer, graph));
  model.message(8, (opset) => opset.text(1, '').int(2, OPSET));
  if (domains.has(CONTRIB)) model.message(8, (opset) => opset.text(1, CONTRIB).int(2, CONTRIB_VERSION));
  return model.finish();
}

function writeGraph(writer: ProtoWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(1, (inner) => writeNode(inner, node));
  writer.text(2, graph.name);
  for (const tensor of graph.initializers) writer.message(5, (inner) => writeTensor(inner, tensor));
  for (const value of graph.inputs) writer.message(11, (inner) => writeValue(inner, value));
  for (const value of graph.outputs) writer.message(12, (inner) => writeValue(inner, value));
}

function writeNode(writer: ProtoWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.text(1, name);
  for (const name of node.outputs) writer.text(2, name);
  writer.text(3, node.outputs[0] ?? node.type).text(4, node.type);
  for (const [name, value] of Object.entries(node.attributes))
    writer.message(5, (inner) => writeAttribute(inner, name, value));
  if (node.domain !== '') writer.text(7, node.domain);
}

function writeAttribute(writer: ProtoWriter, name: string, value: Attribute): void {
  writer.text(1, name);
  if (typeof value === 'number') writer.int(3, value).int(20, 2);
  else if (typeof value === 'string') writer.text(4, value).int(20, 3);
  else if ('float' in value) writer.float(2, value.float).int(20, 1);
  else writer.packedInts(8, value).int(20, 7);
}

function writeTensor(writer: ProtoWriter, { name, element, dims, bytes, external }: OnnxInitializer): void {
  writer.packedInts(1, dims).int(2, ELEMENT[element]).text(8, name);
  if (!external) {
    writer.bytes(9, bytes);
    return;
  }
  const entry = (key: string, value: string) => writer.message(13, (inner) => inner.text(1, key).text(2, value));
  entry('location', name);
  entry('offset', '0');
  entry('length', String(bytes.byteLength));
  writer.int(14, 1);
}

function writeValue(writer: ProtoWriter, { name, element, dims }: OnnxValue): void {
  writer.text(1, name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.int(1, ELEMENT[element]).message(2, (shape) => {
        for (const dim of dims)
          shape.message(1, (inner) => (typeof dim === 'number' ? inner.int(1, dim) : inner.text(2, dim)));
      }),
    ),
  );
}
