"""Saves a tiny random model of every MoE architecture that the installed transformers knows and prints, as one JSON
object, the names, shapes and dtypes it writes to disk and those it holds in memory.

    python bench/transformers/save_tiny.py OUT.json

Needs transformers, torch and safetensors. No weights are downloaded.
"""
import json, sys, tempfile, traceback, os, struct, copy, signal
import torch, transformers
from transformers import AutoConfig, CONFIG_MAPPING, AutoModelForCausalLM, AutoModel
try:
    from transformers import AutoModelForImageTextToText
except Exception:
    AutoModelForImageTextToText = None

TINY = dict(
    hidden_size=64, intermediate_size=96, moe_intermediate_size=24, num_hidden_layers=3, num_layers=3, num_attention_heads=4,
    num_key_value_heads=2, head_dim=16, vocab_size=128, max_position_embeddings=64,
    num_experts=4, num_local_experts=4, n_routed_experts=4, moe_num_experts=4, num_experts_per_tok=2, num_experts_per_token=2,
    moe_topk=2, moe_k=2, moe_top_k=2, top_k_experts=2, expert_ffn_hidden_size=24, shared_expert_intermediate_size=32,
    intermediate_size_mlp=96, n_group=1, topk_group=1, first_k_dense_replace=1, num_dense_layers=1,
    q_lora_rank=32, kv_lora_rank=16, qk_rope_head_dim=8, qk_nope_head_dim=16, v_head_dim=16, n_shared_experts=1,
    linear_num_value_heads=4, linear_num_key_heads=2, linear_key_head_dim=16, linear_value_head_dim=16,
    mamba_d_state=8, mamba_d_conv=4, mamba_expand=2, mamba_dt_rank=4, mamba_n_heads=8, mamba_d_head=16, mamba_n_groups=1,
    sliding_window=16, bos_token_id=0, eos_token_id=1, pad_token_id=2, ffn_hidden_size=24, d_model=64, n_heads=4, n_layers=3, max_seq_len=64,
    moe_num_shared_experts=1, num_shared_experts=1, moe_layer_start_index=1, zero_expert_num=2, zero_expert_type="identity",
    enable_moe_block=True, hidden_size_per_layer_input=16, vocab_size_per_layer_input=128, moe_latent_size=None,
    kv_channels=16, index_head_dim=16, index_n_heads=2, index_topk=8, o_lora_rank=16, o_groups=1, depth=2, num_heads=4, out_hidden_size=64, embed_dim=64,
    ssm_state_size=8, mamba_num_heads=4, mamba_head_dim=32, n_groups=1, chunk_size=16, use_mamba_kernels=False, conv_L_cache=3, moe_shared_expert_intermediate_size=32,
)
TYPES = """qwen3_moe qwen2_moe qwen3_next qwen3_5_moe_text qwen3_5_moe qwen3_vl_moe qwen3_omni_moe mixtral minimax minimax_m2 phimoe deepseek_v2 deepseek_v3
deepseek_v32 kimi_k25 kimi_linear deepseek_v4 glm4_moe glm4v_moe glm4_moe_lite glm_moe_dsa dots1 solar_open mimo_v2_flash exaone_moe axk1 axk2 olmoe flex_olmo
hunyuan_v1_moe hy_v3 ernie4_5_moe ernie4_5_vl_moe granitemoe granitemoeshared granitemoehybrid jamba lfm2_moe nemotron_h afmoe longcat_flash gpt_oss llama4_text
llama4 aria_text aria dbrx jetmoe gemma4_text gemma4 step3p5 step3p7 inkling_mm_model mistral4 zaya hy_v4 openai_privacy_filter bailing_moe qwen3_vl_moe_text
switch_transformers nllb-moe doge cohere2_moe ling youtu minimax_m3 qwen3_omni_moe_text laguna""".split()
EXTRA = {
    "llama4_text": dict(interleave_moe_layer_step=1), "gpt_oss": dict(head_dim=16),
    "nemotron_h": dict(layers_block_type=["mamba", "moe", "attention"], num_hidden_layers=3),
    "minimax": dict(layer_types=["full_attention"] * 3),
    "jetmoe": dict(num_key_value_heads=2, kv_channels=16),
    "hunyuan_v1_moe": dict(num_experts=4, moe_topk=2),
    "step3p5": dict(moe_layers_enum=[1, 2]),
    "lfm2_moe": dict(layer_types=["conv", "full_attention", "conv"]),
    "zaya": dict(num_experts_per_tok=1),
    "laguna": dict(num_attention_heads_per_layer=[4, 4, 4]),
}

def shrink(config, extra):
    for key, value in {**TINY, **extra}.items():
        if hasattr(config, key):
            try:
                old = getattr(config, key)
                if isinstance(old, list) and not isinstance(value, list): value = [value] * 3 if len(old) > 2 else [value] * len(old)
                setattr(config, key, value)
            except Exception: pass
    n = 3
    for key in ("layer_types", "mlp_layer_types", "moe_layers", "no_rope_layers", "attn_type_list", "layers_block_type"):
        v = getattr(config, key, None)
        if isinstance(v, (list, tuple)) and len(v) != n and key not in extra:
            if key == "moe_layers": v = [i for i in v if i < n] or [1]
            else: v = list(v)[:n] + [v[-1]] * max(0, n - len(v)) if len(v) else v
            try: setattr(config, key, v)
            except Exception: pass
    if getattr(config, "mlp_layer_types", None): config.mlp_layer_types = ["dense", "sparse", "sparse"]
    if hasattr(config, "moe_layers_enum"): config.moe_layers_enum = [1, 2]
    for sub in ("text_config", "vision_config", "thinker_config", "talker_config", "code2wav_config", "audio_config", "ffn_config", "attn_config", "code_predictor_config", "token2wav_config"):
        c = getattr(config, sub, None)
        if c is not None and hasattr(c, "to_dict"): shrink(c, {})

def header(path):
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        h = json.loads(f.read(n))
    h.pop("__metadata__", None)
    return {k: {"dtype": v["dtype"], "shape": v["shape"]} for k, v in h.items()}

def one(model_type):
    cls = CONFIG_MAPPING[model_type]
    config = cls()
    shrink(config, EXTRA.get(model_type, {}))
    # build again from the shrunken dict, so that derived lists are recomputed
    d = config.to_dict()
    for key, value in EXTRA.get(model_type, {}).items(): d[key] = value
    try: config = cls.from_dict(d)
    except Exception: pass
    errors = []
    stem = cls.__name__.removesuffix("Config")
    own = [getattr(transformers, name) for name in (stem + "ForConditionalGeneration", stem + "ForCausalLM", stem + "Model") if hasattr(transformers, name)]
    for auto in (AutoModelForCausalLM, AutoModelForImageTextToText, AutoModel, *own):
        if auto is None: continue
        try:
            with torch.device("cpu"): model = (auto.from_config(config) if hasattr(auto, "from_config") else auto(config)).to(torch.bfloat16)
            break
        except Exception as error:
            errors.append(f"{auto.__name__}: {type(error).__name__}: {str(error)[:200]}")
    else:
        raise RuntimeError(" | ".join(errors))
    if sum(p.numel() for p in model.parameters()) > 60e6: raise RuntimeError("too large: %d" % sum(p.numel() for p in model.parameters()))
    memory = {k: {"dtype": str(v.dtype), "shape": list(v.shape)} for k, v in model.state_dict().items()}
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        disk = {}
        for name in sorted(os.listdir(folder)):
            if name.endswith(".safetensors"): disk.update(header(os.path.join(folder, name)))
        saved = json.load(open(os.path.join(folder, "config.json")))
    return {"config": saved, "disk": disk, "memory": memory}

def alarm(*_): raise TimeoutError("took too long")

result, failed = {}, {}
signal.signal(signal.SIGALRM, alarm)
for model_type in TYPES:
    if model_type not in CONFIG_MAPPING: failed[model_type] = "not in this transformers"; continue
    signal.alarm(25)
    try: result[model_type] = one(model_type)
    except BaseException as error: failed[model_type] = f"{type(error).__name__}: {str(error)[:500]}"
    finally: signal.alarm(0)
json.dump({"transformers": transformers.__version__, "models": result, "failed": failed}, open(sys.argv[1], "w"), indent=1)
print("known MoE-like types:", [t for t in CONFIG_MAPPING if "moe" in t])
print(len(result), "saved:", " ".join(result))
for name, why in failed.items(): print("FAILED", name, why)
