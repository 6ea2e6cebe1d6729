"""The llama family's forward pass in float64, all positions at once, from the published descriptions:

  llama    Touvron et al. 2023, "LLaMA"; grouped-query attention from Ainslie et al. 2023; rotary positions from
           Su et al. 2021, as pairs of neighbours (the layout of GGUF files of this architecture)
  qwen2    Qwen2 technical report (2024): biases on q, k and v, pairs (i, i + half)
  qwen3    Qwen3 technical report (2025): no biases, an RMS norm of each head of q and k before they are turned
  gemma3   Gemma 3 technical report (2025) and transformers' modeling_gemma3.py: embeddings times sqrt(width), the norm
           of q and k, norms behind attention and feed-forward, GELU (tanh form), five layers with a sliding window and
           a rotary base of their own before each layer that sees everything

Llama 3.1's frequencies: apply_scaling() of Meta's reference code. What GGUF stores differs from the published weights in
two ways: norm weights of gemma3 are stored with 1 added, and Llama 3.1's frequencies as divisors (rope_freqs).
"""
import math

import numpy as np


def rms_norm(x, weight, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def silu(x):
    return x / (1 + np.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def softmax(x):
    p = np.exp(x - x.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def plain_frequencies(n, base):
    """Radians a position, for n rotated elements."""
    return float(base) ** (-np.arange(0, n, 2) / n)


def llama3_frequencies(frequencies, factor, low, high, original_context):
    """Long waves are slowed down by `factor`, short ones left, and those between blended."""
    scaled = []
    for f in frequencies:
        wavelength = 2 * math.pi / f
        if wavelength < original_context / high:
            scaled.append(f)
        elif wavelength > original_context / low:
            scaled.append(f / factor)
        else:
            smooth = (original_context / wavelength - low) / (high - low)
            scaled.append((1 - smooth) * f / factor + smooth * f)
    return np.array(scaled)


def turn_neighbours(x, angle):
    """x (tokens, heads, n), angle (tokens, n / 2): each pair as a complex number, times e^(i angle)."""
    pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)[:, None]
    return np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)


def turn_halves(x, angle):
    half = x.shape[-1] // 2
    pairs = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angle)[:, None]
    return np.concatenate([pairs.real, pairs.imag], -1)


class Model:
    """Of a gguf.File. `frequencies` replaces those that the file gives."""

    def __init__(self, file, frequencies=None):
        self.w = file.tensors
        self.architecture = file.metadata["general.architecture"]
        get = lambda key, default=None: file.metadata.get(self.architecture + "." + key, default)
        self.d = get("embedding_length")
        self.n_layers = get("block_count")
        self.n_heads = get("attention.head_count")
        self.n_kv_heads = get("attention.head_count_kv", self.n_heads)
        self.head_dim = get("attention.key_length", self.d // self.n_heads)
        self.epsilon = get("attention.layer_norm_rms_epsilon")
        self.n_rotated = get("rope.dimension_count", self.head_dim)
        self.is_gemma = self.architecture == "gemma3"
        self.turn = turn_neighbours if self.architecture == "llama" else turn_halves
        self.window = get("attention.sliding_window", 0) if self.is_gemma else 0
        self.period = get("attention.sliding_window_pattern", 6)

        self.frequencies = frequencies
        if frequencies is None:
            self.frequencies = plain_frequencies(self.n_rotated, get("rope.freq_base", 10000.0))
            self.frequencies = self.frequencies / get("rope.scaling.factor", 1.0)
            if "rope_freqs.weight" in self.w:
                self.frequencies = self.frequencies / self.w["rope_freqs.weight"]
        self.local_frequencies = plain_frequencies(self.n_rotated, get("rope.freq_base_swa", 10000.0))

    def is_local(self, layer):
        return self.window > 0 and layer % self.period != self.period - 1

    def norm(self, x, name):
        return rms_norm(x, self.w[name + ".weight"], self.epsilon)

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w.get(name + ".bias", 0.0)

    def heads(self, x, n_heads, norm_name):
        x = x.reshape(len(x), n_heads, self.head_dim)
        return self.norm(x, norm_name) if norm_name + ".weight" in self.w else x

    def rotated(self, x, frequencies):
        angle = np.arange(len(x))[:, None] * frequencies
        turned = self.turn(x[..., :self.n_rotated], angle)
        return np.concatenate([turned, x[..., self.n_rotated:]], -1)

    def attention(self, x, layer):
        blk = "blk.%d." % layer
        n = len(x)
        q = self.heads(self.linear(x, blk + "attn_q"), self.n_heads, blk + "attn_q_norm")
        k = self.heads(self.linear(x, blk + "attn_k"), self.n_kv_heads, blk + "attn_k_norm")
        v = self.linear(x, blk + "attn_v").reshape(n, self.n_kv_heads, self.head_dim)
        frequencies = self.local_frequencies if self.is_local(layer) else self.frequencies
        q, k = self.rotated(q, frequencies), self.rotated(k, frequencies)
        share = self.n_heads // self.n_kv_heads
        scores = np.einsum("nhd,mhd->hnm", q, k.repeat(share, 1)) / math.sqrt(self.head_dim)
        distance = np.arange(n)[:, None] - np.arange(n)[None]
        seen = distance >= 0
        if self.is_local(layer):
            seen = seen & (distance < self.window)
        p = softmax(np.where(seen, scores, -np.inf))
        out = np.einsum("hnm,mhd->nhd", p, v.repeat(share, 1)).reshape(n, -1)
        return self.linear(out, blk + "attn_output")

    def feed_forward(self, x, layer):
        blk = "blk.%d." % layer
        activation = gelu_tanh if self.is_gemma else silu
        gate = activation(self.linear(x, blk + "ffn_gate"))
        return self.linear(gate * self.linear(x, blk + "ffn_up"), blk + "ffn_down")

    def logits(self, ids):
        """(len(ids), vocabulary)"""
        x = self.w["token_embd.weight"][np.asarray(ids)]
        if self.is_gemma:
            x = x * math.sqrt(self.d)
        for layer in range(self.n_layers):
            blk = "blk.%d." % layer
            y = self.attention(self.norm(x, blk + "attn_norm"), layer)
            x = x + (self.norm(y, blk + "post_attention_norm") if self.is_gemma else y)
            y = self.feed_forward(self.norm(x, blk + "ffn_norm"), layer)
            x = x + (self.norm(y, blk + "post_ffw_norm") if self.is_gemma else y)
        head = self.w.get("output.weight", self.w["token_embd.weight"])
        return self.norm(x, "output_norm") @ head.T
