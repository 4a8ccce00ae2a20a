/** The script of `rankAssertion`, with places to fill in. */
export const ASSERTION_SCRIPT = String.raw`#!/usr/bin/env python3
"""Says which experts each rank really holds after loading, and whether that is what was predicted.

    torchrun --nproc-per-node @@WORLD@@ assert_ranks.py /path/to/checkpoint [--cpu] [--json result.json]

Every expert is recognised by the bytes of its down projection, compared with the checkpoint's files; names and shapes
are not believed. Where hashes are given, every byte of the loaded experts is compared; where not, it is said.
Exit 1 when a rank holds anything but the prediction. --cpu hides GPUs and uses gloo.
"""
import hashlib
import json
import os
import re
import sys

if "--cpu" in sys.argv:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
import torch.distributed as dist
from transformers import AutoModelForCausalLM

PREDICTION = @@PREDICTION@@
LEGACY = @@LEGACY@@
SIZES = @@SIZES@@
SAMPLE = 1 << 20  # bytes by which each expert is recognised
DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}


def flag(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def fingerprint(data):
    return hashlib.sha256(data).hexdigest()


def known_experts(folder, layer):
    """Fingerprint of every expert of a layer, from the files themselves."""
    known = {}
    for place in PREDICTION["down"][layer]:
        with open(os.path.join(folder, place["file"]), "rb") as file:
            for index in range(place["count"]):
                file.seek(place["offset"] + index * place["stride"])
                data = file.read(min(place["stride"], SAMPLE))
                known.setdefault(fingerprint(data), []).append(place["first"] + index)
    return known


def local_part(parameter):
    tensor = parameter.data if hasattr(parameter, "data") else parameter
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def raw(tensor):
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def slot_bytes(tensor):
    return raw(tensor)[:SAMPLE].tobytes()


def expert_tensors(model):
    """By layer: this rank's own part of each expert tensor, by the last word of its name."""
    found = {}
    for name, parameter in model.named_parameters():
        match = re.search(r"layers\.(\d+)\..*experts\.([a-z_]+)$", name)
        if match:
            found.setdefault(match.group(1), {})[match.group(2)] = local_part(parameter)
    return found


def loaded_part(tensors, entry):
    """What was loaded of a hashed tensor, None where it is kept in another form."""
    end = "_proj" if entry["part"] == "weight" else "_proj_" + entry["part"]
    part, fused = tensors.get(entry["of"].replace("-", "_") + end), tensors.get("gate_up" + end)
    if part is None and entry["of"] in ("gate", "up") and fused is not None and fused.ndim > 1:
        half = fused.shape[1] // 2
        part = fused[:, :half] if entry["of"] == "gate" else fused[:, half:]
    if part is not None and entry["slot"] is not None:
        part = part[entry["slot"]] if entry["slot"] < part.shape[0] else None
    if part is None or list(part.shape) != entry["shape"] or part.dtype != DTYPES.get(entry["dtype"]):
        return None
    return part


def compare_hashes(rank, model):
    if PREDICTION["hashes"] is None:
        return [f"rank {rank}: hashes not known"], []
    tensors = expert_tensors(model)
    same, unknown, wrong = 0, [], []
    for entry in PREDICTION["hashes"][rank]:
        part = loaded_part(tensors.get(entry["layer"], {}), entry)
        if part is None:
            unknown.append(entry["tensor"])
        elif hashlib.sha256(raw(part)).hexdigest() == entry["sha256"]:
            same += 1
        else:
            wrong.append(f"the bytes of {entry['tensor']} are not the checkpoint's")
    lines = [f"rank {rank}: hashes of {same} tensors as predicted, {len(wrong)} WRONG, {len(unknown)} not known"]
    return lines + [f"rank {rank}: not known: {name}" for name in unknown[:8]], wrong


def held_experts(model, folder):
    """By layer: the experts of each slot of this rank, and other expert tensors whose first dim disagrees."""
    found, odd = {}, []
    rows = {}
    for name, parameter in model.named_parameters():
        match = re.search(r"layers\.(\d+)\..*experts\.([a-z_]+)$", name)
        if not match:
            continue
        layer, tensor = match.group(1), local_part(parameter)
        rows.setdefault(layer, {})[name] = tensor.shape[0] if tensor.ndim else 0
        if match.group(2) != "down_proj" or layer not in PREDICTION["down"]:
            continue
        known = known_experts(folder, layer)
        found[layer] = [known.get(fingerprint(slot_bytes(slot)), [None])[0] for slot in tensor]
    for layer, counts in rows.items():
        odd += [f"{name} has {count} slots" for name, count in counts.items() if count != len(found.get(layer, []))]
    return found, odd


def load(folder):
    if LEGACY:
        from transformers.distributed.configuration_utils import DistributedConfig

        config = DistributedConfig(enable_expert_parallel=True)
    else:
        from transformers.distributed import DistributedConfig

        sizes = {SIZES["ep"]: PREDICTION["ep"], "enable_expert_parallel": True}
        if PREDICTION["fsdp"] > 1:
            sizes[SIZES["dp"]] = PREDICTION["fsdp"]
        if PREDICTION["pp"] > 1:
            sizes[SIZES["pp"]] = PREDICTION["pp"]
        config = DistributedConfig(**sizes)
    return AutoModelForCausalLM.from_pretrained(folder, dtype="auto", distributed_config=config)


def text_of(experts):
    """[0, 1, 2, 5] as 0-2,5; ? for bytes that are no expert's."""
    parts = []
    for expert in experts:
        last = parts[-1] if parts else None
        if last and expert is not None and last[1] is not None and last[1] + 1 == expert:
            last[1] = expert
        else:
            parts.append([expert, expert])
    return ",".join("?" if a is None else str(a) if a == b else f"{a}-{b}" for a, b in parts) or "none"


def compare(rank, found, odd):
    lines, wrong = [], list(odd)
    for layer, predicted in PREDICTION["ranks"][rank].items():
        held = found.get(layer, [])
        same = held == predicted
        if not same:
            wrong.append(f"layer {layer} holds {text_of(held)}")
            if len(held) == PREDICTION["experts"][layer] and PREDICTION["ep"] > 1:
                wrong.append(f"layer {layer} holds every expert: expert parallelism is off")
        lines.append(f"rank {rank} layer {layer}: holds {text_of(held)}; predicted {text_of(predicted)}: {'ok' if same else 'WRONG'}")
    return lines, wrong


def main():
    folder = next(each for each in sys.argv[1:] if not each.startswith("--"))
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world != PREDICTION["world"]:
        sys.exit(f"The prediction is for {PREDICTION['world']} ranks; {world} were started.")
    model = load(folder)
    if not dist.is_initialized() and world > 1:
        dist.init_process_group("gloo")
    rank = dist.get_rank() if dist.is_initialized() else 0
    found, odd = held_experts(model, folder)
    lines, wrong = compare(rank, found, odd)
    more, differ = compare_hashes(rank, model)
    lines, wrong = lines + more, wrong + differ
    mine = {"rank": rank, "held": found, "lines": lines, "wrong": wrong}
    everyone = [None] * world
    if world > 1:
        dist.all_gather_object(everyone, mine)
    else:
        everyone = [mine]
    bad = [f"rank {each['rank']}: {text}" for each in everyone for text in each["wrong"]]
    if rank == 0:
        for each in everyone:
            print("\n".join(each["lines"]))
        print(f"{world} ranks hold what was predicted." if not bad else "NOT as predicted:\n" + "\n".join(bad))
        if flag("--json"):
            with open(flag("--json"), "w") as file:
                json.dump([{"rank": each["rank"], "held": each["held"]} for each in everyone], file)
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
`;
