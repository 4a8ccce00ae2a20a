/** A number that is known between two ends, with why and from where. */
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
    why: 'bytes a token and word of the vocabulary while the loss is taken: logits in bf16, their fp32 copy and the log-softmax (2 + 4 + 4). In its backward 14 were measured under PyTorch 2.11, and 16 where accelerate turns outputs into fp32',
  },
  parallelLogitBytes: {
    low: 6,
    high: 10,
    why: 'the same where the loss works in place of an fp32 copy (Megatron-Core, cross_entropy.py; torchtitan’s loss parallel): 2 + 4, and 4 more where torch.compile, Megatron’s fuser, makes a copy of what is written in place. Both ends measured with its functions under PyTorch 2.11 on an H200',
  },
  lossChunk: {
    low: 256,
    high: 1024,
    why: 'tokens whose logits exist at once under a chunked or fused loss (TRL’s chunked_nll, Liger)',
  },
  recompute: {
    low: 2,
    high: 3,
    why: 'one layer while it is computed again and its gradient taken: its tensors, their gradients, and temporaries of the kernels',
  },
  gathered: {
    low: 2,
    high: 3,
    why: 'layers that FSDP2 holds whole at once: the one in work, the one fetched ahead, and the buffer of the collective',
  },
  reduced: {
    low: 2,
    high: 3,
    why: 'copies of a layer’s gradient before it is cut: as computed, and the input of the reduce-scatter in bf16 (2 bytes) or fp32 (4)',
  },
  rootGradient: {
    low: 0.5,
    high: 1.5,
    why: 'gradients of embedding and head, which FSDP2 reduces at the end of backward, over the two in bf16: the head’s alone, or both and a buffer',
  },
  liveParameters: {
    low: 1e9,
    high: 2e9,
    why: 'parameters that ZeRO-3 holds whole (stage3_max_live_parameters, 1e9) and those it fetches ahead',
  },
  bucket: {
    low: 5e8,
    high: 1e9,
    why: 'elements of ZeRO’s reduce bucket (5e8), twice where it overlaps',
  },
  foreach: {
    low: 0,
    high: 1,
    why: 'copies of one of Adam’s moments in optimizer.step(): none with a fused AdamW, one with foreach',
  },
  subGroup: {
    low: 0,
    high: 1e9,
    why: 'parameters that ZeRO steps at once, in fp32 (sub_group_size, 1e9)',
  },
  imbalance: {
    low: 0.3,
    high: 1,
    why: 'spread (standard deviation over mean) of tokens over experts; the two load lists in the README of EPLB have 0.59 and 0.68',
  },
  adapterInput: {
    low: 0,
    high: 6,
    why: 'bytes of each input of a LoRA adapter beyond the layer’s own: none where it is kept in bf16 already; an fp32 copy (4) and the copy after dropout (2) where PEFT casts it to the adapters’ dtype',
  },
  adapterMerge: {
    low: 4,
    high: 10,
    why: 'bytes a parameter of stacked experts with LoRA: PEFT adds the adapters’ product to the weights in each forward pass (2 for the sum, 2 for its gradient), and holds the product before and after it is cast (4 + 2)',
  },
  runtimeOneNode: {
    low: 0.5,
    high: 3,
    why: 'GB of CUDA context, libraries’ workspaces and NCCL buffers on one node; peaks that PyTorch itself counts leave most of it out',
  },
  runtimeManyNodes: {
    low: 0.5,
    high: 7,
    why: 'the same with a communicator for each axis over nodes: 6.4 GiB beyond what PyTorch reserved on 64 H100 (NVIDIA/Megatron-LM#6429)',
  },
  allocator: {
    low: 0.02,
    high: 0.13,
    why: 'share that PyTorch’s caching allocator holds beyond what is allocated (of a served model’s passing tensors alone): 4 and 13 % in NVIDIA/Megatron-LM#6429, 7 % in NVIDIA-NeMo/Speech#14850; 3 to 12 % measured under PyTorch 2.11 for packed sequences and uneven routing with expandable segments, 27 % without',
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

/** PyTorch sees 79.1 GiB of an "80 GB" H100: mixing GB and GiB is a 7 % error, more than most margins. */
export const H100_GIB = 79.1;
/** Of the capacity; a band that ends above it is called at risk. Ranks are not alike, and other programs need some. */
export const RESERVE = 0.05;
/** Share of the capacity that vLLM and SGLang take by themselves (`--gpu-memory-utilization`, `--mem-fraction-static`). */
export const SERVING_SHARE = 0.9;
/** Of its middle, either way: no band of estimates is wider. Published runs lie within it (docs/memory.md). */
export const WIDEST_BAND = 0.2;
/** GPUs of a node. */
export const NODE_GPUS = 8;
/** Bytes of an activation, a gathered weight: bf16. */
export const BF16 = 2;
