"""Writes the model as GGUF version 3: matrices in Q8_0, norms in float32."""
import os
import struct

import numpy as np

U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5
TENSOR_F32, TENSOR_Q8_0 = 0, 8
ALIGN = 32


def text(s):
    raw = s.encode("utf-8")
    return struct.pack("<Q", len(raw)) + raw


def value(kind, v):
    if kind == STRING:
        return text(v)
    return struct.pack({U32: "<I", F32: "<f", BOOL: "<?", I32: "<i"}[kind], v)


def entry(key, kind, v):
    return text(key) + struct.pack("<i", kind) + value(kind, v)


def array(key, kind, values):
    return text(key) + struct.pack("<iiQ", ARRAY, kind, len(values)) + b"".join(value(kind, v) for v in values)


def q8_0(matrix):
    """Blocks of 32 weights: a float16 scale, then 32 signed bytes."""
    blocks = matrix.reshape(-1, 32).astype(np.float32)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    inverse = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1), 0)
    q = np.rint(blocks * inverse).astype(np.int8)
    return np.concatenate([scale.astype("<f2").view(np.uint8), q.view(np.uint8)], 1).tobytes()


def tensors(model):
    """(name, float32 array) in the order of the file."""
    s = model.s
    n = lambda p: p.detach().numpy()
    yield "token_embd.weight", n(model.embedding)
    yield "output_norm.weight", n(model.norm)
    for i, layer in enumerate(model.layer):
        q, k, v = np.split(n(layer.qkv), [s.heads * s.head, (s.heads + s.kv_heads) * s.head])
        gate, up = np.split(n(layer.gate_up), 2)
        for name, m in (("attn_norm", n(layer.attn_norm)), ("attn_q", q), ("attn_k", k), ("attn_v", v),
                        ("attn_output", n(layer.out)), ("ffn_norm", n(layer.ffn_norm)), ("ffn_gate", gate),
                        ("ffn_up", up), ("ffn_down", n(layer.down))):
            yield "blk.%d.%s.weight" % (i, name), m


def write_gguf(path, model, pieces, scores, types):
    s = model.s
    meta = [
        entry("general.architecture", STRING, "llama"),
        entry("general.name", STRING, "Storyteller"),
        entry("general.description", STRING, "Tells short stories for children"),
        entry("general.license", STRING, "mit"),
        entry("general.file_type", U32, 7),
        entry("general.quantization_version", U32, 2),
        entry("llama.context_length", U32, s.context),
        entry("llama.embedding_length", U32, s.width),
        entry("llama.block_count", U32, s.layers),
        entry("llama.feed_forward_length", U32, s.ff),
        entry("llama.vocab_size", U32, s.vocabulary),
        entry("llama.attention.head_count", U32, s.heads),
        entry("llama.attention.head_count_kv", U32, s.kv_heads),
        entry("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        entry("llama.rope.dimension_count", U32, s.head),
        entry("llama.rope.freq_base", F32, 10000.0),
        entry("tokenizer.ggml.model", STRING, "llama"),
        array("tokenizer.ggml.tokens", STRING, pieces),
        array("tokenizer.ggml.scores", F32, scores),
        array("tokenizer.ggml.token_type", I32, types),
        entry("tokenizer.ggml.bos_token_id", U32, 1),
        entry("tokenizer.ggml.eos_token_id", U32, 2),
        entry("tokenizer.ggml.unknown_token_id", U32, 0),
        entry("tokenizer.ggml.add_bos_token", BOOL, True),
        entry("tokenizer.ggml.add_eos_token", BOOL, False),
        entry("tokenizer.ggml.add_space_prefix", BOOL, True),
    ]
    infos, data = [], b""
    for name, m in tensors(model):
        kind = TENSOR_Q8_0 if m.ndim == 2 else TENSOR_F32
        infos.append(text(name) + struct.pack("<I", m.ndim) + struct.pack("<%dq" % m.ndim, *m.shape[::-1])
                     + struct.pack("<iQ", kind, len(data)))
        data += q8_0(m) if m.ndim == 2 else m.astype("<f4").tobytes()
        data += b"\0" * (-len(data) % ALIGN)
    head = b"GGUF" + struct.pack("<Iqq", 3, len(infos), len(meta)) + b"".join(meta) + b"".join(infos)
    head += b"\0" * (-len(head) % ALIGN)
    with open(path + ".part", "wb") as f:
        f.write(head + data)
    os.replace(path + ".part", path)
