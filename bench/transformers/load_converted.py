"""Loads converted checkpoints with the real transformers and compares their logits with the original's.

    python bench/transformers/load_converted.py FIXTURES CONVERTED

FIXTURES holds <architecture>/hub, CONVERTED holds <architecture>/<target>. Prints one row a pair: missing, unexpected and
mismatched keys, and whether the logits are the same to the bit. Ends with 1 when a row of --expect (default gate-up) is not
clean.
"""
import argparse, os, sys
import torch, transformers
from transformers import AutoConfig, AutoModelForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("fixtures")
parser.add_argument("converted")
parser.add_argument("--expect", default="gate-up")
args = parser.parse_args()
transformers.logging.set_verbosity_error()
torch.manual_seed(0)
ids = torch.arange(24).reshape(2, 12) % 97 + 3


def logits(folder):
    config = AutoConfig.from_pretrained(folder)
    if hasattr(config, "use_mamba_kernels"):
        config.use_mamba_kernels = False
    model, info = AutoModelForCausalLM.from_pretrained(folder, config=config, dtype=torch.bfloat16, output_loading_info=True)
    model.eval()
    with torch.no_grad():
        return model(ids, use_cache=False).logits, {key: sorted(map(str, value)) for key, value in info.items() if value}


print(f"transformers {transformers.__version__}, torch {torch.__version__}")
print(f"{'architecture':14} {'target':22} {'missing':>7} {'unexpected':>10} {'mismatched':>10}  logits")
bad = 0
for architecture in sorted(os.listdir(args.converted)):
    truth, _ = logits(os.path.join(args.fixtures, architecture, "hub"))
    for target in sorted(os.listdir(os.path.join(args.converted, architecture))):
        try:
            torch.manual_seed(1)
            found, info = logits(os.path.join(args.converted, architecture, target))
            same = "the same" if torch.equal(found, truth) else f"differ by {(found - truth).abs().max().item():.3g}"
            counts = [len(info.get(key, [])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")]
        except Exception as error:
            same, counts = f"{type(error).__name__}: {str(error)[:90]}", ["-"] * 3
        print(f"{architecture:14} {target:22} {counts[0]:>7} {counts[1]:>10} {counts[2]:>10}  {same}")
        if target == args.expect and (same != "the same" or any(counts)):
            bad += 1
print(f"{bad} of the {args.expect} rows are not clean")
sys.exit(bad > 0)
