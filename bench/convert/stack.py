"""What one would write by hand: stacks the experts of a checkpoint with numpy and saves one safetensors file.

    python3 stack.py <folder of per-expert shards> <output folder>
"""
import json
import os
import re
import sys

import numpy

EXPERT = re.compile(r"(.*\.experts)\.(\d+)\.(\w+)\.weight$")


def read_header(path):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length


def open_tensors(folder):
    tensors = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".safetensors"):
            continue
        path = os.path.join(folder, name)
        header, start = read_header(path)
        data = numpy.memmap(path, dtype=numpy.uint8, mode="r")
        for tensor, entry in header.items():
            if tensor == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            tensors[tensor] = data[start + begin : start + end].view(numpy.uint16).reshape(entry["shape"])
    return tensors


def stack(tensors):
    groups, result = {}, {}
    for name, tensor in tensors.items():
        match = EXPERT.match(name)
        if match is None:
            result[name] = tensor
        else:
            prefix, expert, projection = match.groups()
            groups.setdefault(f"{prefix}.{projection}", {})[int(expert)] = tensor
    for name, experts in groups.items():
        result[name] = [experts[number] for number in range(len(experts))]
    return result


def shape_of(tensor):
    return [len(tensor), *tensor[0].shape] if isinstance(tensor, list) else list(tensor.shape)


def save(tensors, path):
    header, at = {}, 0
    for name, tensor in tensors.items():
        size = 2 * int(numpy.prod(shape_of(tensor)))
        header[name] = {"dtype": "BF16", "shape": shape_of(tensor), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            whole = numpy.stack(tensor) if isinstance(tensor, list) else tensor
            whole.tofile(file)
        file.flush()
        os.fsync(file.fileno())


source, out = sys.argv[1:]
os.makedirs(out)
save(stack(open_tensors(source)), os.path.join(out, "model.safetensors"))
