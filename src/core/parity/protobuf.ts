/** Writes the protocol buffers wire format: what a ModelProto needs of it (protobuf.dev, "Encoding"). */
export interface ProtoWriter {
  /** A varint field; negative numbers as 64-bit two's complement. Zero is written too. */
  int(field: number, value: number | bigint): ProtoWriter;
  float(field: number, value: number): ProtoWriter;
  text(field: number, value: string): ProtoWriter;
  bytes(field: number, value: Uint8Array): ProtoWriter;
  /** A nested message. */
  message(field: number, write: (inner: ProtoWriter) => void): ProtoWriter;
  /** Whole numbers in one packed field; nothing when there are none. */
  packedInts(field: number, values: readonly (number | bigint)[]): ProtoWriter;
  finish(): Uint8Array<ArrayBuffer>;
}

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;
const utf8 = new TextEncoder();

export function createProtoWriter(): ProtoWriter {
  const chunks: Uint8Array[] = [];
  const push = (bytes: Uint8Array | readonly number[]) => void chunks.push(Uint8Array.from(bytes));
  const tag = (field: number, wire: number) => push(varint(field * 8 + wire));
  const sized = (field: number, value: Uint8Array) => {
    tag(field, LENGTH);
    push(varint(value.byteLength));
    chunks.push(value);
    return writer;
  };
  const writer: ProtoWriter = {
    int: (field, value) => {
      tag(field, VARINT);
      push(varint(value));
      return writer;
    },
    float: (field, value) => {
      tag(field, FIXED32);
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setFloat32(0, value, true);
      push(bytes);
      return writer;
    },
    text: (field, value) => sized(field, utf8.encode(value)),
    bytes: sized,
    message: (field, write) => {
      const inner = createProtoWriter();
      write(inner);
      return sized(field, inner.finish());
    },
    packedInts: (field, values) =>
      values.length === 0 ? writer : sized(field, Uint8Array.from(values.flatMap(varint))),
    finish: () => joined(chunks),
  };
  return writer;
}

function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return bytes;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}
