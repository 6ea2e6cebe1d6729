"""Writes small random models of the llama family and the logits that the float64 reference gives for them:
OUT_DIR/<name>.gguf, OUT_DIR/<name>.logits.bin (float64, little endian, [rows, vocabulary]) and OUT_DIR/models.json.

    python3 make_models.py OUT_DIR
"""
import json
import os
import sys

import numpy as np

import forward
import gguf

N_VOCAB = 96
PROMPT = 24  # random ids; those that follow are the reference's own choices


class Shape:
    def __init__(self, architecture, **changes):
        self.architecture = architecture
        self.d, self.ff, self.layers = 64, 96, 2
        self.heads, self.kv_heads, self.head_dim = 4, 2, 24  # heads * head_dim is not d
        self.base = 1e6
        self.biases = self.untied = False
        self.llama3 = None  # factor, low, high, original context
        self.window, self.period, self.local_base, self.linear_factor = 0, None, None, None
        self.generated = 24
        self.seed = 1
        for name, value in changes.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


GEMMA = dict(layers=7, kv_heads=1, window=8)
MODELS = {
    # Of wavelengths 6, 19, 56, 167, ..., the first is left, the second and third are blended, the rest are slowed down.
    "llama3-rope-F32": Shape("llama", base=5e5, llama3=(8.0, 1.0, 4.0, 64.0)),
    "llama3-rope-Q8_0": Shape("llama", base=5e5, llama3=(32.0, 1.0, 4.0, 64.0), untied=True, seed=2),
    "smollm2-360m-width-Q8_0": Shape("llama", d=960, ff=2560, layers=1, heads=15, kv_heads=5, head_dim=64, base=1e5,
                                     generated=4, seed=3),
    "qwen2-F32": Shape("qwen2", biases=True, seed=4),
    "qwen2-Q8_0": Shape("qwen2", biases=True, untied=True, seed=5),
    "qwen3-F32": Shape("qwen3", layers=3, seed=6),
    "qwen3-untied-F16": Shape("qwen3", untied=True, seed=7),
    "qwen3-Q8_0": Shape("qwen3", kv_heads=1, seed=8),
    "gemma3-F32": Shape("gemma3", seed=9, **GEMMA),
    "gemma3-F16": Shape("gemma3", seed=10, **GEMMA),
    "gemma3-Q8_0": Shape("gemma3", seed=11, **GEMMA),
    "gemma3-linear-F32": Shape("gemma3", linear_factor=8.0, seed=12, **dict(GEMMA, kv_heads=2)),
    "gemma3-period-F32": Shape("gemma3", period=3, local_base=500.0, seed=13, **dict(GEMMA, layers=5, window=2)),
    "gemma3-no-window-F32": Shape("gemma3", seed=14, **dict(GEMMA, layers=2, window=0)),
}


def tensors_of(s, random):
    def matrix(rows, cols, gain=1.0):
        return random.normal(0, gain / np.sqrt(cols), (rows, cols))

    def norm(n):
        return random.normal(1, 0.2, n)

    query, kv = s.heads * s.head_dim, s.kv_heads * s.head_dim
    is_gemma = s.architecture == "gemma3"
    # Small beside what the layers add, so that a tied head does not repeat the last id for ever.
    t = {"token_embd.weight": random.normal(0, 0.3 / np.sqrt(s.d) if is_gemma else 0.3, (N_VOCAB, s.d))}
    for layer in range(s.layers):
        blk = "blk.%d." % layer
        t[blk + "attn_norm.weight"] = norm(s.d)
        t[blk + "attn_q.weight"] = matrix(query, s.d, 1.5)
        t[blk + "attn_k.weight"] = matrix(kv, s.d, 1.5)
        t[blk + "attn_v.weight"] = matrix(kv, s.d)
        if s.biases:
            for part, n in (("q", query), ("k", kv), ("v", kv)):
                t[blk + "attn_%s.bias" % part] = random.normal(0, 0.5, n)
        if s.architecture in ("qwen3", "gemma3"):
            t[blk + "attn_q_norm.weight"] = 1.3 * norm(s.head_dim)
            t[blk + "attn_k_norm.weight"] = 1.3 * norm(s.head_dim)
        t[blk + "attn_output.weight"] = matrix(s.d, query)
        t[blk + "ffn_norm.weight"] = norm(s.d)
        t[blk + "ffn_gate.weight"] = matrix(s.ff, s.d, 1.5)
        t[blk + "ffn_up.weight"] = matrix(s.ff, s.d)
        t[blk + "ffn_down.weight"] = matrix(s.d, s.ff)
        if is_gemma:
            t[blk + "post_attention_norm.weight"] = norm(s.d)
            t[blk + "post_ffw_norm.weight"] = norm(s.d)
    t["output_norm.weight"] = norm(s.d)
    if s.untied:
        t["output.weight"] = matrix(N_VOCAB, s.d, 3.0)
    if s.llama3:
        plain = forward.plain_frequencies(s.head_dim, s.base)
        t["rope_freqs.weight"] = plain / forward.llama3_frequencies(plain, *s.llama3)
    return t


def metadata_of(s, name):
    key = lambda what: s.architecture + "." + what
    entries = [
        ("general.architecture", gguf.STRING, s.architecture),
        ("general.name", gguf.STRING, name),
        (key("context_length"), gguf.U32, 128),
        (key("embedding_length"), gguf.U32, s.d),
        (key("block_count"), gguf.U32, s.layers),
        (key("feed_forward_length"), gguf.U32, s.ff),
        (key("attention.head_count"), gguf.U32, s.heads),
        (key("attention.head_count_kv"), gguf.U32, s.kv_heads),
        (key("attention.key_length"), gguf.U32, s.head_dim),
        (key("attention.value_length"), gguf.U32, s.head_dim),
        (key("attention.layer_norm_rms_epsilon"), gguf.F32, 1e-6),
        (key("rope.freq_base"), gguf.F32, s.base),
    ]
    if s.window:
        entries.append((key("attention.sliding_window"), gguf.U32, s.window))
    if s.period:
        entries.append((key("attention.sliding_window_pattern"), gguf.U32, s.period))
    if s.local_base:
        entries.append((key("rope.freq_base_swa"), gguf.F32, s.local_base))
    if s.linear_factor:
        entries.append((key("rope.scaling.type"), gguf.STRING, "linear"))
        entries.append((key("rope.scaling.factor"), gguf.F32, s.linear_factor))
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>"] + ["t%d" % i for i in range(4, N_VOCAB)]
    entries += [
        ("tokenizer.ggml.model", gguf.STRING, "llama"),
        ("tokenizer.ggml.tokens", gguf.STRING, pieces),
        ("tokenizer.ggml.scores", gguf.F32, [-float(i) for i in range(N_VOCAB)]),
        ("tokenizer.ggml.token_type", gguf.I32, [3, 3, 3, 2] + [1] * (N_VOCAB - 4)),
        ("tokenizer.ggml.bos_token_id", gguf.U32, 2),
        ("tokenizer.ggml.eos_token_id", gguf.U32, 1),
        ("tokenizer.ggml.unknown_token_id", gguf.U32, 3),
    ]
    return entries


def make(folder, name, s):
    """Writes one model and its logits; returns what models.json says of it."""
    random = np.random.Generator(np.random.PCG64(s.seed))
    path = os.path.join(folder, name + ".gguf")
    gguf.write(path, metadata_of(s, name), tensors_of(s, random), name.rsplit("-", 1)[1])
    frequencies = None
    if s.llama3:  # from the formula, not from the file's divisors
        frequencies = forward.llama3_frequencies(forward.plain_frequencies(s.head_dim, s.base), *s.llama3)
    model = forward.Model(gguf.File(path), frequencies)
    ids = [2] + random.integers(4, N_VOCAB, PROMPT - 1).tolist()
    for _ in range(s.generated):
        logits = model.logits(ids)
        ids.append(int(logits[-1].argmax()))
    logits = model.logits(ids)
    logits.astype("<f8").tofile(os.path.join(folder, name + ".logits.bin"))
    return {"name": name, "file": name + ".gguf", "logits": name + ".logits.bin", "ids": ids, "n_prompt": PROMPT,
            "n_vocab": N_VOCAB, "is_rounded": name.endswith("Q8_0")}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    made = [make(folder, name, shape) for name, shape in MODELS.items()]
    with open(os.path.join(folder, "models.json"), "w") as f:
        json.dump(made, f)


if __name__ == "__main__":
    main()
