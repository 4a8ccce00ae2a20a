"""Blocks that save_blocks.py cannot reach through a whole tiny model: run by their own classes, random, in float32.

    python bench/transformers/save_more_blocks.py OUT_FOLDER

Writes more-blocks.safetensors and more-blocks.json in the form of save_blocks.py; names are those of the modules in memory.
"""
import json, os, re, sys
import torch, transformers
from safetensors.torch import save_file
from transformers import CONFIG_MAPPING

E, K, TOKENS, HIDDEN = 8, 3, 12, 32
tensors, cases = {}, {}


def randomise(module):
    g = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, t in [*module.named_parameters(), *module.named_buffers()]:
            if not t.is_floating_point(): continue
            if re.search(r"norm|scale", name) and t.dim() <= 1: t.copy_(1 + torch.randn(t.shape, generator=g) * 0.2)
            elif t.dim() >= 2: t.copy_(torch.randn(t.shape, generator=g) * 0.2)
            else: t.copy_(torch.randn(t.shape, generator=g) * 0.15)
            t.copy_(t.to(torch.bfloat16).float())


def keep(model_type, case, prefix, config, modules, run, block):
    for module in modules.values(): randomise(module)
    key = f"{model_type}:{case}" if case != "base" else model_type
    for sub, module in modules.items():
        for name, t in module.state_dict().items():
            tensors[f"{key}/{prefix}.{sub + '.' if sub else ''}{name}"] = t.to(torch.bfloat16).contiguous()
    torch.manual_seed(3)
    x = torch.randn(1, TOKENS, HIDDEN)
    with torch.no_grad(): out, indices, weights = run(x.clone())
    tag = f"{model_type}:{case}"
    tensors[tag + "/input"] = x.reshape(-1, HIDDEN).contiguous()
    tensors[tag + "/output"] = out.reshape(-1, HIDDEN).contiguous()
    if indices is not None:
        tensors[tag + "/router.1"] = weights.float().contiguous()
        tensors[tag + "/router.2"] = indices.contiguous()
    cases[tag] = {"model_type": model_type, "case": case, "prefix": prefix, "block": block, "weights": key, "config": config}


def attempt(name, make):
    try: make()
    except BaseException as error: print("FAILED", name, type(error).__name__, str(error)[:400])


def omni(kind, cls, config_type, norm):
    from transformers.models.qwen3_omni_moe import modeling_qwen3_omni_moe as m
    config = CONFIG_MAPPING[config_type]()
    values = dict(hidden_size=HIDDEN, moe_intermediate_size=8, num_experts=E, num_experts_per_tok=K, shared_expert_intermediate_size=8, intermediate_size=16, norm_topk_prob=norm)
    for key, value in values.items():
        if hasattr(config, key): setattr(config, key, value)
    block = getattr(m, cls)(config)
    kept = {}
    block.gate.register_forward_hook(lambda mod, a, o: kept.__setitem__("router", o))
    def run(x):
        out = block(x)
        return out, kept["router"][2], kept["router"][1]
    keep(kind, "norm" if norm else "base", "model.layers.0.mlp", {"model_type": kind, **{k: v for k, v in values.items()}, "hidden_act": config.hidden_act, "num_hidden_layers": 1}, {"": block}, run, cls)


def gemma(top_k):
    from transformers.models.gemma4 import modeling_gemma4 as m
    config = CONFIG_MAPPING["gemma4_text"]()
    values = dict(hidden_size=HIDDEN, moe_intermediate_size=8, num_experts=E, top_k_experts=top_k, enable_moe_block=True)
    for key, value in values.items(): setattr(config, key, value)
    router, experts = m.Gemma4TextRouter(config), m.Gemma4TextExperts(config)
    before, after = m.Gemma4RMSNorm(HIDDEN, eps=config.rms_norm_eps), m.Gemma4RMSNorm(HIDDEN, eps=config.rms_norm_eps)
    def run(x):
        flat = x.reshape(-1, HIDDEN)
        _, weights, indices = router(flat)
        return after(experts(before(flat), indices, weights)), indices, weights
    modules = {"router": router, "experts": experts, "pre_feedforward_layernorm_2": before, "post_feedforward_layernorm_2": after}
    saved = {"model_type": "gemma4_text", **values, "hidden_activation": config.hidden_activation, "rms_norm_eps": config.rms_norm_eps, "num_hidden_layers": 1}
    keep("gemma4_text", "base" if top_k == K else "one", "model.layers.0", saved, modules, run, "Gemma4TextRouter and Gemma4TextExperts")


def dbrx(p, case):
    from transformers.models.dbrx import modeling_dbrx as m
    from transformers.models.dbrx.configuration_dbrx import DbrxConfig, DbrxFFNConfig
    ffn = DbrxFFNConfig(hidden_size=HIDDEN, ffn_hidden_size=16, moe_num_experts=E, moe_top_k=K, moe_normalize_expert_weights=p)
    config = DbrxConfig(d_model=HIDDEN, n_layers=1, n_heads=4, max_seq_len=64, vocab_size=64, ffn_config=ffn) if False else type("C", (), {"ffn_config": ffn, "d_model": HIDDEN})()
    block = m.DbrxFFN(config)
    def run(x):
        logits = block.router(x)
        weights, indices = block.route_tokens_to_experts(logits)
        return block(x), indices, weights
    part = {"ffn_hidden_size": 16, "moe_num_experts": E, "moe_top_k": K, "moe_normalize_expert_weights": p, "ffn_act_fn": ffn.ffn_act_fn}
    keep("dbrx", case, "transformer.blocks.0.ffn", {"model_type": "dbrx", "d_model": HIDDEN, "n_layers": 1, "ffn_config": part}, {"": block}, run, "DbrxFFN")


attempt("thinker", lambda: omni("qwen3_omni_moe_text", "Qwen3OmniMoeThinkerTextSparseMoeBlock", "qwen3_omni_moe_text", False))
attempt("thinker norm", lambda: omni("qwen3_omni_moe_text", "Qwen3OmniMoeThinkerTextSparseMoeBlock", "qwen3_omni_moe_text", True))
attempt("gemma4", lambda: gemma(K))
attempt("gemma4 one", lambda: gemma(1))
attempt("dbrx", lambda: dbrx(1.0, "base"))
attempt("dbrx p2", lambda: dbrx(2.0, "two-norm"))
attempt("dbrx none", lambda: dbrx(None, "unnormalised"))
save_file({n: t.clone() for n, t in tensors.items()}, os.path.join(sys.argv[1], "more-blocks.safetensors"), metadata={"format": "pt"})
json.dump({"transformers": transformers.__version__, "cases": cases}, open(os.path.join(sys.argv[1], "more-blocks.json"), "w"), default=str)
print(len(cases), "cases", list(cases))
