/** The script for transformers, 5 and 4.57; `@@PREDICTED@@` and `@@TOOL@@` are filled in. */
export const LOAD_SCRIPT_BODY = String.raw`#!/usr/bin/env python3
"""Loads a checkpoint with transformers and compares what it reports with what @@TOOL@@ predicted.

    python load.py FOLDER

Only names of expert tensors are compared; all others are printed. Ends with 0 when all is as predicted, else with 1.
"""
import hashlib, json, re, sys
import torch, transformers
from transformers import AutoConfig, AutoModelForCausalLM

PREDICTED = @@PREDICTED@@
EXPERT = re.compile(r"experts\.|switch_mlp\.|(input|output)_linear|\.w(13|2)_weight|(mlp|moe|feed_forward|block_sparse_moe|mixer|ffn)\.(gate|up|down)_proj\.weight$")
ROUTER = re.compile(r"shared|attention|e_score|router\.|experts\.bias")
DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "F64": torch.float64}

folder = sys.argv[1] if len(sys.argv) > 1 else "."
config = AutoConfig.from_pretrained(folder)
if hasattr(config, "use_mamba_kernels"):
    config.use_mamba_kernels = False
model_class = getattr(transformers, (config.architectures or [""])[0], AutoModelForCausalLM)
dtype = DTYPES.get(PREDICTED["samples"][0]["dtype"], "auto") if PREDICTED["samples"] else "auto"


def load(**options):
    return model_class.from_pretrained(folder, config=config, dtype=dtype, output_loading_info=True, **options)


def names(keys):
    return sorted(key if isinstance(key, str) else key[0] for key in keys)


def compare(what, found):
    experts = [name for name in found if EXPERT.search(name) and not ROUTER.search(name)]
    others = [name for name in found if name not in experts and name not in PREDICTED[what]]
    experts += [name for name in found if name in PREDICTED[what] and name not in experts]
    print(f"{what}: {len(experts)} of experts, {len(others)} others")
    for name in experts[:20] + others[:20]:
        print(f"  {name}")
    wrong = sorted(set(experts) ^ set(PREDICTED[what]))
    for name in wrong[:20]:
        print(f"  NOT AS PREDICTED: {name}")
    return not wrong


def matrix(tensor, sample):
    if sample["flat"]:
        tensor = tensor.reshape(sample["flat"], -1, tensor.shape[-1])
    if sample["expert"] is not None:
        tensor = tensor[sample["expert"]]
    if sample["turned"]:
        tensor = tensor.T
    if sample["half"] is not None:
        tensor = tensor[sample["half"] :: 2] if sample["alternating"] else tensor.chunk(2, 0)[sample["half"]]
    return hashlib.sha256(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()


print(f"transformers {transformers.__version__}, {model_class.__name__}; predicted of {PREDICTED['version']}: {PREDICTED['verdict']}")
torch.manual_seed(0)
try:
    model, info = load()
    raised = None
except Exception as error:
    raised = error
    print(f"raised {type(error).__name__}: {str(error)[:200]}")
equal = (raised is not None) == (PREDICTED["verdict"] == "refuses")
if raised is not None and PREDICTED["mismatched"]:
    try:
        _, info = load(ignore_mismatched_sizes=True)
        equal &= compare("mismatched", names(info["mismatched_keys"]))
    except Exception as error:
        print(f"sizes cannot be ignored: {type(error).__name__}: {str(error)[:200]}")
if raised is None:
    equal &= compare("missing", names(info["missing_keys"]))
    equal &= compare("unexpected", names(info["unexpected_keys"]))
    equal &= compare("mismatched", names(info["mismatched_keys"]))
    state = model.state_dict()
    for sample in PREDICTED["samples"]:
        label = f"layer {sample['layer']} expert {sample['number']} {sample['projection']:4}"
        found = matrix(state[sample["tensor"]], sample) if sample["tensor"] in state else "absent"
        same = found == sample["sha256"]
        equal &= same
        print(f"sha256 {label} {found[:16]} {'as predicted' if same else 'NOT AS PREDICTED: ' + sample['sha256'][:16]}")
print("All as predicted." if equal else "Not as predicted.")
sys.exit(0 if equal else 1)
`;
