"""Loads emitted configurations with the real classes of transformers, accelerate and PyTorch.

    for kind in transformers-5 accelerate torchrun ep-plan; do
      node dist/cli/moe-loom.js ranks SOURCE --config $kind --ep 4 [...] > CONFIGS/NAME.$kind
    done
    python bench/transformers/load_configs.py CONFIGS

Every file of CONFIGS is NAME.KIND; those whose name begins with PLANTED hold a key that does not exist and must be refused.
Prints one line a file; ends with 1 when a key is unknown to its class or a value is not what the class keeps.
"""
import dataclasses, os, re, sys, types

import accelerate, torch, transformers
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import launch_command_parser, _validate_launch_command
from accelerate.utils.launch import prepare_multi_gpu_env
from torch.distributed.run import parse_args
from transformers import AutoConfig
from transformers.distributed import DistributedConfig


def distributed(text):
    call = re.search(r"DistributedConfig\((.*?)\n\)", text, re.S).group(0)
    config = eval(call, {"DistributedConfig": DistributedConfig})
    asked = eval(call, {"DistributedConfig": dict})
    kept = dataclasses.asdict(config)
    assert all(kept[key] == value for key, value in asked.items()), kept
    compile(text, "load.py", "exec")
    return asked


def fsdp2(path):
    config = load_config_from_file(path)
    args = launch_command_parser().parse_args(["--config_file", path, "train.py"])
    args, _, _ = _validate_launch_command(args)
    env = prepare_multi_gpu_env(args)
    assert env["FSDP_VERSION"] == "2" and env["FSDP_CPU_RAM_EFFICIENT_LOADING"] == "false", env
    sizes = {key: value for key, value in config.parallelism_config.items()}
    for key, value in sizes.items():
        assert env[key.upper()] == str(value), (key, env)
    assert env["FSDP_OFFLOAD_PARAMS"] == str(config.fsdp_config["fsdp_offload_params"]).lower()
    known = {name for name in vars(args)}
    unknown = [key for key in [*config.fsdp_config, *sizes] if key not in known]
    assert not unknown, unknown
    return {"num_processes": config.num_processes, **sizes}


def torchrun(text):
    words = text.replace("\\\n", " ").replace('"$HEAD:29500"', "localhost:29500").split()
    args = parse_args(words[1:])
    assert args.training_script == "train.py"
    return {"nnodes": args.nnodes, "nproc_per_node": args.nproc_per_node, "rdzv_backend": args.rdzv_backend}


def plan(text, name):
    space = {}
    exec(text, space)
    own = AutoConfig.for_model(name).base_model_ep_plan
    assert space["base_model_ep_plan"] == own, (space["base_model_ep_plan"], own)
    return f"{len(own)} entries, the class's own"


print(f"transformers {transformers.__version__}, accelerate {accelerate.__version__}, torch {torch.__version__}")
bad = 0
for file in sorted(os.listdir(sys.argv[1])):
    path = os.path.join(sys.argv[1], file)
    name, kind = file.split(".", 1)
    text = re.sub(r"^#.*\n", "", open(path).read(), flags=re.M)
    try:
        if kind == "transformers-5":
            said = distributed(text)
        elif kind == "accelerate":
            said = fsdp2(path)
        elif kind == "torchrun":
            said = torchrun(text)
        else:
            said = plan(text, name.split("-")[0])
        wrong = None
    except BaseException as error:
        wrong = f"{type(error).__name__}: {error}"
    planted = name.startswith("PLANTED")
    good = planted == (wrong is not None)
    bad += not good
    print(f"{'ok   ' if good else 'WRONG'} {file:44} {wrong or said}")
print(f"{bad} wrong")
sys.exit(1 if bad else 0)
