/** A range that a number lies in, with its meaning and source. */
export interface Known {
  readonly low: number;
  readonly high: number;
  readonly why: string;
}

/**
 * Every constant of the memory model. None is fitted to a single run: each counts tensors of a program that can be read, or
 * is a range that its source gives. docs/memory.md prints them.
 */
export const CONSTANTS = {
  logitBytes: {
    low: 10,
    high: 16,
    why: 'bytes per token and vocabulary entry while the loss is computed: logits in bf16, their fp32 copy and the log-softmax (2 + 4 + 4). In the backward pass of the loss, 14 were measured under PyTorch 2.11, and 16 where accelerate converts outputs to fp32',
  },
  parallelLogitBytes: {
    low: 6,
    high: 10,
    why: 'the same where the loss overwrites the fp32 copy in place (Megatron-Core, cross_entropy.py; torchtitan’s loss parallel): 2 + 4, and 4 more where torch.compile, which Megatron uses to fuse kernels, copies the tensor first. Both ends were measured with Megatron’s functions under PyTorch 2.11 on an H200',
  },
  lossChunk: {
    low: 256,
    high: 1024,
    why: 'tokens whose logits exist at once under a chunked or fused loss (TRL’s chunked_nll, Liger)',
  },
  recompute: {
    low: 2,
    high: 3,
    why: 'one layer while it is recomputed and its gradient is computed: its tensors, their gradients, and temporaries of the kernels',
  },
  gathered: {
    low: 2,
    high: 3,
    why: 'layers that FSDP2 holds unsharded at the same time: the current one, the prefetched one, and the buffer of the collective',
  },
  reduced: {
    low: 2,
    high: 3,
    why: 'copies of a layer’s gradient before it is sharded: the computed one, and the input of the reduce-scatter in bf16 (2 bytes) or fp32 (4)',
  },
  rootGradient: {
    low: 0.5,
    high: 1.5,
    why: 'gradients of embedding and head, which FSDP2 reduces at the end of backward, divided by the size of both in bf16: only the head’s, or both and a buffer',
  },
  liveParameters: {
    low: 1e9,
    high: 2e9,
    why: 'parameters that ZeRO-3 holds unsharded (stage3_max_live_parameters, 1e9) and those that it prefetches',
  },
  bucket: {
    low: 5e8,
    high: 1e9,
    why: 'elements of ZeRO’s reduce bucket (5e8), twice that with overlap',
  },
  foreach: {
    low: 0,
    high: 1,
    why: 'copies of one of Adam’s moments in optimizer.step(): none with a fused AdamW, one with foreach',
  },
  subGroup: {
    low: 0,
    high: 1e9,
    why: 'parameters that ZeRO updates at once, in fp32 (sub_group_size, 1e9)',
  },
  imbalance: {
    low: 0.3,
    high: 1,
    why: 'standard deviation of tokens per expert, divided by the mean; the two load lists in the README of EPLB have 0.59 and 0.68',
  },
  adapterInput: {
    low: 0,
    high: 6,
    why: 'extra bytes for each input of a LoRA adapter: none where the layer already keeps it in bf16; an fp32 copy (4) and the copy after dropout (2) where PEFT casts it to the adapters’ dtype',
  },
  adapterMerge: {
    low: 4,
    high: 10,
    why: 'bytes per parameter of stacked experts with LoRA: PEFT adds the product of the adapters to the weights in each forward pass (2 for the sum, 2 for its gradient), and holds the product before and after the cast (4 + 2)',
  },
  runtimeOneNode: {
    low: 0.5,
    high: 3,
    why: 'GB for the CUDA context, workspaces of libraries and NCCL buffers on one node; peaks that PyTorch counts leave most of it out',
  },
  runtimeManyNodes: {
    low: 0.5,
    high: 7,
    why: 'GB for the CUDA context, workspaces of libraries and NCCL buffers, with a communicator for each axis across nodes: 6.4 GiB more than PyTorch reserved on 64 H100 (NVIDIA/Megatron-LM#6429)',
  },
  allocator: {
    low: 0.02,
    high: 0.13,
    why: 'share that PyTorch’s caching allocator reserves beyond what is allocated (for a served model only of its temporary tensors): 4 and 13 % in NVIDIA/Megatron-LM#6429, 7 % in NVIDIA-NeMo/Speech#14850. Under PyTorch 2.11, with packed sequences and uneven routing, 3 to 12 % were measured with expandable segments and 27 % without',
  },
  graphs: {
    low: 0.5,
    high: 2,
    why: 'GB of CUDA graphs of a serving engine',
  },
  serveTokens: {
    low: 2048,
    high: 8192,
    why: 'tokens of one forward pass of a serving engine (max_num_batched_tokens, chunked prefill)',
  },
  servedSequences: {
    low: 256,
    high: 256,
    why: 'sequences whose logits are sampled at once (max_num_seqs)',
  },
} as const satisfies Readonly<Record<string, Known>>;

/** GiB of an "80 GB" H100 that PyTorch can use. Mixing GB and GiB is a 7 % error, more than most margins. */
export const H100_GIB = 79.1;
/** Share of the capacity that must stay free for the verdict `fits`: ranks differ, and other programs need memory too. */
export const RESERVE = 0.05;
/** Share of the capacity that vLLM and SGLang take by themselves (`--gpu-memory-utilization`, `--mem-fraction-static`). */
export const SERVING_SHARE = 0.9;
/** Of its middle, either way: no band of estimates is wider. Published runs lie within it (docs/memory.md). */
export const WIDEST_BAND = 0.2;
/** GPUs of a node. */
export const NODE_GPUS = 8;
/** Bytes of an activation, a gathered weight: bf16. */
export const BF16 = 2;
