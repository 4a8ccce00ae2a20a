"""Runs one MoE block of every architecture that the installed transformers knows, tiny and random, and keeps what went in and what
came out: the truth for block parity.

    python bench/transformers/save_blocks.py OUT_FOLDER

Writes blocks.safetensors: a block's tensors in bfloat16 as save_pretrained names them, under `<model type>/`, and for every case the
float32 input and output of the block module with the router's decisions, under `<model type>:<case>/`. blocks.json holds each
case's config, the block's prefix on disk and its class. Weights, correction biases and scales are random: zeros would hide mistakes.
Needs transformers, torch and safetensors. No weights are downloaded.
"""
import copy, json, os, re, signal, sys, tempfile
import torch, transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForCausalLM, CONFIG_MAPPING

E, K, TOKENS = 8, 3, 12
TINY = dict(
    hidden_size=32, intermediate_size=16, moe_intermediate_size=8, num_hidden_layers=3, num_layers=3, num_attention_heads=4,
    num_key_value_heads=2, head_dim=8, vocab_size=64, max_position_embeddings=64,
    num_experts=E, num_local_experts=E, n_routed_experts=E, moe_num_experts=E, num_experts_per_tok=K, num_experts_per_token=K,
    moe_topk=K, moe_k=K, moe_top_k=K, top_k_experts=K, expert_ffn_hidden_size=8, shared_expert_intermediate_size=8,
    shared_intermediate_size=8, share_expert_dim=8, intermediate_size_mlp=16, n_group=4, topk_group=2, first_k_dense_replace=1,
    num_dense_layers=1, q_lora_rank=16, kv_lora_rank=8, qk_rope_head_dim=4, qk_nope_head_dim=8, v_head_dim=8, n_shared_experts=1,
    linear_num_value_heads=4, linear_num_key_heads=2, linear_key_head_dim=8, linear_value_head_dim=8, linear_num_heads=4, linear_head_dim=8,
    mamba_d_state=8, mamba_d_conv=4, mamba_expand=2, mamba_dt_rank=4, mamba_n_heads=8, mamba_d_head=8, mamba_n_groups=1,
    sliding_window=16, bos_token_id=0, eos_token_id=1, pad_token_id=2, ffn_hidden_size=16, d_model=32, n_heads=4, n_layers=3, max_seq_len=64,
    moe_num_shared_experts=1, num_shared_experts=1, moe_layer_start_index=1, zero_expert_num=2, zero_expert_type="identity",
    enable_moe_block=True, hidden_size_per_layer_input=8, vocab_size_per_layer_input=64, moe_latent_size=None, router_hidden_size=16,
    kv_channels=8, index_head_dim=8, index_n_heads=2, index_topk=8, o_lora_rank=8, o_groups=1, depth=2, num_heads=4, out_hidden_size=32, embed_dim=32,
    ssm_state_size=8, mamba_num_heads=4, mamba_head_dim=16, n_groups=1, chunk_size=16, use_mamba_kernels=False, conv_L_cache=3,
    moe_shared_expert_intermediate_size=8, gated_norm_rank=4, dense_intermediate_size=16,
)
EXTRA = {
    "llama4_text": dict(interleave_moe_layer_step=1), "nemotron_h": dict(layers_block_type=["mamba", "moe", "attention"]),
    "minimax": dict(layer_types=["full_attention"] * 3), "step3p5": dict(moe_layers_enum=[1, 2]), "step3p7": dict(moe_layers_enum=[1, 2]),
    "lfm2_moe": dict(layer_types=["conv", "full_attention", "conv"]), "zaya": dict(num_experts_per_tok=1),
    "laguna": dict(num_attention_heads_per_layer=[4, 4, 4]), "phimoe": dict(num_experts_per_tok=2),
}
# What a case changes in the config of the experts; a case is run where the config has the key.
CASES = {
    "base": {}, "norm": dict(norm_topk_prob="flip"), "ungrouped": dict(n_group=1, topk_group=1), "gelu": dict(hidden_act="gelu"),
    "tanh": dict(hidden_act="gelu_pytorch_tanh"), "grouped": dict(topk_method="group_limited_greedy"), "scaled": dict(routed_scaling_factor=1.75),
    "latent": dict(moe_latent_size=16), "sigmoid": dict(expert_selection_fn="sigmoid"), "sum": dict(shared_expert_combination_strategy="sum"),
    "limited": dict(swiglu_limit=0.05), "softcap": dict(moe_router_logit_softcapping=0.5), "unbiased": dict(use_expert_bias=False),
    "limits": dict(swiglu_limits=[0.05] * 3, swiglu_limits_shared=[0.04] * 3), "biased": dict(mlp_bias=True), "biased2": dict(use_bias=True),
}
ACTS = {"mixtral", "nemotron_h", "gemma4_text", "qwen2_moe", "llama4_text", "granitemoe", "jetmoe"}
TYPES = """qwen3_moe qwen2_moe qwen3_next qwen3_5_moe_text qwen3_vl_moe_text qwen3_omni_moe_text qwen3_omni_moe_talker_text mixtral minimax minimax_m2
minimax_m3_vl_text minimax_m3_vl phimoe deepseek_v2 deepseek_v3 deepseek_v32 kimi_k25 kimi_linear deepseek_v4 glm4_moe glm4v_moe_text glm4_moe_lite glm_moe_dsa
glm5_next_text glm5_next dots1 solar_open mimo_v2_flash exaone_moe axk1 axk2 olmoe flex_olmo hunyuan_v1_moe hy_v3 ernie4_5_moe granitemoe granitemoeshared
granitemoehybrid granitemoe_swa jamba lfm2_moe nemotron_h afmoe longcat_flash gpt_oss llama4_text aria_text dbrx jetmoe gemma4_text step3p7 step3p7_text
inkling_text inkling_mm_model mistral4 hy_v4 zaya openai_privacy_filter cohere2_moe mellum laguna""".split()
BLOCK = re.compile(r"(SparseMoe|SparseMoE|MoE|Moe|MoELayer|FFN|MLP)(Block|Layer|TextMoe)?$|TextMoe$")


def shrink(config, extra):
    for key, value in {**TINY, **extra}.items():
        if hasattr(config, key):
            try:
                old = getattr(config, key)
                if isinstance(old, list) and not isinstance(value, list): value = [value] * 3 if len(old) > 2 else [value] * len(old)
                setattr(config, key, value)
            except Exception: pass
    for key in ("layer_types", "mlp_layer_types", "moe_layers", "no_rope_layers", "attn_type_list", "layers_block_type"):
        v = getattr(config, key, None)
        if isinstance(v, (list, tuple)) and len(v) != 3 and key not in extra:
            if key == "moe_layers": v = [i for i in v if i < 3] or [1]
            else: v = list(v)[:3] + [v[-1]] * max(0, 3 - len(v)) if len(v) else v
            try: setattr(config, key, v)
            except Exception: pass
    if getattr(config, "mlp_layer_types", None):
        config.mlp_layer_types = ["hash_moe", "moe", "moe"] if "hash_moe" in config.mlp_layer_types or config.model_type == "deepseek_v4" else ["dense", "sparse", "sparse"]
    if hasattr(config, "moe_layers_enum"): config.moe_layers_enum = [1, 2]
    for sub in ("text_config", "vision_config", "thinker_config", "talker_config", "audio_config", "ffn_config", "attn_config"):
        c = getattr(config, sub, None)
        if c is not None and hasattr(c, "to_dict"): shrink(c, {})


def build(config):
    stem = type(config).__name__.removesuffix("Config")
    own = [getattr(transformers, n) for n in (stem + "ForCausalLM", stem + "ForConditionalGeneration", stem + "Model") if hasattr(transformers, n)]
    errors = []
    for cls in (AutoModelForCausalLM, *own, AutoModel):
        try:
            model = cls.from_config(config) if hasattr(cls, "from_config") else cls(config)
            return model.eval()
        except Exception as error: errors.append(f"{cls.__name__}: {type(error).__name__}: {str(error)[:160]}")
    raise RuntimeError(" | ".join(errors))


def block_of(model):
    found = [(n, m) for n, m in model.named_modules() if any(c == "experts" for c, _ in m.named_children()) and any(c in ("gate", "router") for c, _ in m.named_children())]
    if not found: found = [(n, m) for n, m in model.named_modules() if type(m).__name__ == "JetMoeMoE"]
    return found[-1]


def randomise(model):
    g = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, t in [*model.named_parameters(), *model.named_buffers()]:
            if not t.is_floating_point() or "inv_freq" in name: continue
            if re.search(r"correction_bias|expert_bias|balancing_biases", name): t.copy_(torch.randn(t.shape, generator=g) * 0.15)
            elif re.search(r"norm|scale", name) and t.dim() <= 1: t.copy_(1 + torch.randn(t.shape, generator=g) * 0.2)
            elif t.dim() >= 2: t.copy_(torch.randn(t.shape, generator=g) * 0.2)
            else: t.copy_(torch.randn(t.shape, generator=g) * 0.1)


def first(out): return out[0] if isinstance(out, tuple) else out


def run(model, prefix, block, x):
    kept = {}
    children = dict(block.named_children())
    router = children.get("gate", children.get("router"))
    hooks = [router.register_forward_hook(lambda m, a, o: kept.__setitem__("router", o))]
    experts = children.get("experts")
    if experts is not None: hooks.append(experts.register_forward_hook(lambda m, a, o: kept.__setitem__("experts", (a, o)), with_kwargs=False))
    with torch.no_grad(): out = first(block(x))
    for h in hooks: h.remove()
    return out, kept


def one(model_type, tensors, cases):
    cls = CONFIG_MAPPING[model_type]
    base = cls()
    shrink(base, EXTRA.get(model_type, {}))
    d = base.to_dict()
    d.update(EXTRA.get(model_type, {}))
    try: base = cls.from_dict(d)
    except Exception: pass
    torch.manual_seed(1)
    done = []
    stored = None
    for case, change in CASES.items():
        config = copy.deepcopy(base)
        inner = config.get_text_config() if hasattr(config, "get_text_config") else config
        usable = True
        for key, value in change.items():
            if not hasattr(inner, key): usable = False; break
            if key == "hidden_act" and model_type not in ACTS: usable = False; break
            setattr(inner, key, (not getattr(inner, key)) if value == "flip" else value)
        if not usable: continue
        try:
            model = build(config)
            randomise(model)
            model = model.to(torch.bfloat16)
            prefix, block = block_of(model)
            own = stored is None or case in ("latent", "biased", "biased2")
            with tempfile.TemporaryDirectory() as folder:
                model.save_pretrained(folder)
                saved = json.load(open(os.path.join(folder, "config.json")))
                if own:
                    disk = {}
                    for name in sorted(os.listdir(folder)):
                        if name.endswith(".safetensors"): disk.update(load_file(os.path.join(folder, name)))
            if own:
                layer = re.search(r"(layers|blocks)\.(\d+)\.", prefix + ".").group(2)
                cut = {n: t for n, t in disk.items() if re.search(rf"(?:^|\.)(layers|blocks|h)\.{layer}\.", n) and not re.search(r"self_attn|attn\.|\.attention|mamba|linear_attn|\.conv\.|norm_attn_norm|indexer", n)}
                key = model_type if stored is None else f"{model_type}:{case}"
                if stored is None: stored = key
                for n, t in cut.items(): tensors[f"{key}/{n}"] = t.contiguous()
                weights = key
            else: weights = stored
            model = model.float()
            torch.manual_seed(3)
            x = torch.randn(1, TOKENS, inner.hidden_size if hasattr(inner, "hidden_size") else 32)
            out, kept = run(model, prefix, block, x.clone())
            tag = f"{model_type}:{case}"
            tensors[tag + "/input"] = x.reshape(-1, x.shape[-1]).contiguous()
            tensors[tag + "/output"] = out.float().reshape(-1, out.shape[-1]).contiguous()
            r = kept.get("router")
            outs = [o for o in (r if isinstance(r, tuple) else (r,)) if isinstance(o, torch.Tensor)]
            for i, o in enumerate(outs): tensors[f"{tag}/router.{i}"] = o.contiguous() if not o.is_floating_point() else o.float().contiguous()
            e = kept.get("experts")
            if e is not None:
                for i, a in enumerate(a for a in e[0] if isinstance(a, torch.Tensor)):
                    if i > 0: tensors[f"{tag}/experts.{i}"] = a.contiguous() if not a.is_floating_point() else a.float().contiguous()
                tensors[tag + "/experts.output"] = first(e[1]).float().contiguous()
            cases[tag] = {"model_type": model_type, "case": case, "prefix": prefix, "block": type(block).__name__, "weights": weights, "config": saved}
            done.append(case)
        except BaseException as error:
            cases[f"{model_type}:{case}"] = {"failed": f"{type(error).__name__}: {str(error)[:400]}"}
    return done


def alarm(*_): raise TimeoutError("took too long")


tensors, cases = {}, {}
signal.signal(signal.SIGALRM, alarm)
for model_type in TYPES:
    if model_type not in CONFIG_MAPPING: print("not in this transformers:", model_type); continue
    signal.alarm(60)
    try: print(model_type, one(model_type, tensors, cases), flush=True)
    except BaseException as error: print("FAILED", model_type, type(error).__name__, str(error)[:300], flush=True)
    finally: signal.alarm(0)
for tag, case in cases.items():
    if "failed" in case: print("FAILED", tag, case["failed"])
save_file({n: t.clone() for n, t in tensors.items()}, os.path.join(sys.argv[1], "blocks.safetensors"), metadata={"format": "pt"})
json.dump({"transformers": transformers.__version__, "cases": {t: c for t, c in cases.items() if "failed" not in c}}, open(os.path.join(sys.argv[1], "blocks.json"), "w"))
print(len(cases), "cases", sum(t.numel() * t.element_size() for t in tensors.values()), "bytes")
