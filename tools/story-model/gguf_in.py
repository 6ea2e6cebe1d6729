"""Reads the GGUF file back and runs it with numpy alone: for sampling, for measuring, and as a
check of the writer that shares no code with it."""
import struct

import numpy as np

SIMPLE = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


class File:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.at = 4
        if self.data[:4] != b"GGUF" or self.number("<I") != 3:
            raise ValueError("not a GGUF file of version 3: " + path)
        tensors, entries = self.number("<q"), self.number("<q")
        self.meta = {}
        for _ in range(entries):
            key = self.string()
            self.meta[key] = self.value(self.number("<i"))
        infos = []
        for _ in range(tensors):
            name, dims = self.string(), self.number("<I")
            infos.append((name, [self.number("<q") for _ in range(dims)], self.number("<i"), self.number("<Q")))
        start = (self.at + 31) // 32 * 32
        self.tensors = {name: self.tensor(start + offset, shape[::-1], kind) for name, shape, kind, offset in infos}

    def number(self, form):
        v = struct.unpack_from(form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return v

    def string(self):
        n = self.number("<Q")
        self.at += n
        return self.data[self.at - n:self.at].decode("utf-8")

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            inner, n = self.number("<i"), self.number("<Q")
            return [self.value(inner) for _ in range(n)]
        return self.number(SIMPLE[kind])

    def tensor(self, at, shape, kind):
        count = int(np.prod(shape))
        if kind == 0:
            return np.frombuffer(self.data, "<f4", count, at).reshape(shape).astype(np.float64)
        if kind != 8:
            raise ValueError("only F32 and Q8_0 are read here, not type %d" % kind)
        blocks = np.frombuffer(self.data, np.dtype([("d", "<f2"), ("q", "i1", 32)]), count // 32, at)
        return (blocks["d"].astype(np.float64)[:, None] * blocks["q"]).reshape(shape)


class Network:
    """The forward pass in float64. `feed` takes new tokens and keeps keys and values."""

    def __init__(self, file):
        m, self.w = file.meta, file.tensors
        self.layers, self.heads = m["llama.block_count"], m["llama.attention.head_count"]
        self.kv = m["llama.attention.head_count_kv"]
        self.eps = m["llama.attention.layer_norm_rms_epsilon"]
        self.head = m["llama.rope.dimension_count"]
        self.frequency = m["llama.rope.freq_base"] ** (-np.arange(0, self.head, 2) / self.head)
        self.reset()

    def reset(self):
        self.position = 0
        self.keys = [np.zeros((0, self.kv, self.head)) for _ in range(self.layers)]
        self.values = [np.zeros((0, self.kv, self.head)) for _ in range(self.layers)]

    def norm(self, x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * self.w[name]

    def turn(self, x):
        angle = (self.position + np.arange(len(x)))[:, None, None] * self.frequency
        a, b, c, s = x[..., 0::2], x[..., 1::2], np.cos(angle), np.sin(angle)
        return np.stack([a * c - b * s, a * s + b * c], -1).reshape(x.shape)

    def feed(self, tokens):
        """Logits (len(tokens), vocabulary)."""
        n, past = len(tokens), self.position
        sees = np.arange(past + n)[None] <= past + np.arange(n)[:, None]
        x = self.w["token_embd.weight"][np.asarray(tokens)]
        for i in range(self.layers):
            w = lambda part: self.w["blk.%d.%s.weight" % (i, part)]
            y = self.norm(x, "blk.%d.attn_norm.weight" % i)
            q = self.turn((y @ w("attn_q").T).reshape(n, self.heads, self.head))
            k = self.turn((y @ w("attn_k").T).reshape(n, self.kv, self.head))
            v = (y @ w("attn_v").T).reshape(n, self.kv, self.head)
            k = self.keys[i] = np.concatenate([self.keys[i], k])
            v = self.values[i] = np.concatenate([self.values[i], v])
            share = self.heads // self.kv
            scores = np.einsum("nhd,mhd->hnm", q, k.repeat(share, 1)) / np.sqrt(self.head)
            scores = np.where(sees, scores, -np.inf)
            p = np.exp(scores - scores.max(-1, keepdims=True))
            p /= p.sum(-1, keepdims=True)
            x = x + np.einsum("hnm,mhd->nhd", p, v.repeat(share, 1)).reshape(n, -1) @ w("attn_output").T
            y = self.norm(x, "blk.%d.ffn_norm.weight" % i)
            gate = y @ w("ffn_gate").T
            x = x + (gate / (1 + np.exp(-gate)) * (y @ w("ffn_up").T)) @ w("ffn_down").T
        self.position += n
        return self.norm(x, "output_norm.weight") @ self.w["token_embd.weight"].T


def load(path):
    """(network, tokenizer) of a file."""
    from vocabulary import Tokenizer
    file = File(path)
    return Network(file), Tokenizer(file.meta["tokenizer.ggml.tokens"], file.meta["tokenizer.ggml.scores"])
