"""GGUF version 3 in Python: reads metadata and tensors (to float64), writes small files.

Written from the format's description (ggml, docs/gguf.md) and the block layouts in ggml-common.h; shares nothing with the
C++ library.
"""
import struct

import numpy as np

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
FORM = {U8: "<B", I8: "<b", U16: "<H", I16: "<h", U32: "<I", I32: "<i", F32: "<f", BOOL: "<?", U64: "<Q", I64: "<q",
        F64: "<d"}
ALIGNMENT = 32


def float16(raw, shape):
    return raw.view("<f2").astype(np.float64).reshape(shape)


def bfloat16(raw, shape):
    return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32).astype(np.float64).reshape(shape)


def q4_0(raw, shape):
    blocks = raw.view([("d", "<f2"), ("q", "u1", 16)])
    codes = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], 1).astype(np.float64) - 8
    return (blocks["d"].astype(np.float64)[:, None] * codes).reshape(shape)


def q8_0(raw, shape):
    blocks = raw.view([("d", "<f2"), ("q", "i1", 32)])
    return (blocks["d"].astype(np.float64)[:, None] * blocks["q"]).reshape(shape)


# type: weights in a block, bytes of a block, the values of many blocks
TYPES = {
    0: (1, 4, lambda raw, shape: raw.view("<f4").astype(np.float64).reshape(shape)),
    1: (1, 2, float16),
    2: (32, 18, q4_0),
    8: (32, 34, q8_0),
    30: (1, 2, bfloat16),
}


class File:
    """metadata: {key: value}; tensors: {name: float64 array, slowest dimension first}."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.at = 4
        if self.data[:4] != b"GGUF" or self.number(U32) != 3:
            raise ValueError("not a GGUF file of version 3: " + path)
        n_tensors, n_entries = self.number(I64), self.number(I64)
        self.metadata = {}
        for _ in range(n_entries):
            key = self.string()
            self.metadata[key] = self.value(self.number(I32))
        infos = []
        for _ in range(n_tensors):
            name, n_dims = self.string(), self.number(U32)
            infos.append((name, [self.number(I64) for _ in range(n_dims)], self.number(I32), self.number(U64)))
        alignment = self.metadata.get("general.alignment", ALIGNMENT)
        start = (self.at + alignment - 1) // alignment * alignment
        self.tensors = {name: self.tensor(start + offset, shape[::-1], kind) for name, shape, kind, offset in infos}

    def number(self, kind):
        value = struct.unpack_from(FORM[kind], self.data, self.at)[0]
        self.at += struct.calcsize(FORM[kind])
        return value

    def string(self):
        n = self.number(U64)
        self.at += n
        return self.data[self.at - n:self.at].decode("utf-8", "replace")

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, n = self.number(I32), self.number(U64)
            return [self.value(inner) for _ in range(n)]
        return self.number(kind)

    def tensor(self, at, shape, kind):
        if kind not in TYPES:
            raise ValueError("tensors of type %d are not read here" % kind)
        block, block_bytes, values = TYPES[kind]
        n = int(np.prod(shape)) // block * block_bytes
        return values(np.frombuffer(self.data, np.uint8, n, at), shape)


def as_q8_0(matrix):
    """Blocks of 32 weights: a float16 scale, then 32 signed bytes."""
    blocks = matrix.reshape(-1, 32).astype(np.float32)
    scale = np.maximum(np.abs(blocks).max(1, keepdims=True) / 127, 1e-7).astype("<f2")
    codes = np.clip(np.rint(blocks / scale.astype(np.float32)), -127, 127).astype(np.int8)
    return np.concatenate([scale.view(np.uint8), codes.view(np.uint8)], 1).tobytes()


ENCODE = {
    "F32": (0, lambda m: m.astype("<f4").tobytes()),
    "F16": (1, lambda m: m.astype("<f2").tobytes()),
    "Q8_0": (8, as_q8_0),
}


def text(s):
    raw = s.encode("utf-8")
    return struct.pack("<Q", len(raw)) + raw


def encode_value(kind, value):
    return text(value) if kind == STRING else struct.pack(FORM[kind], value)


def entry(key, kind, value):
    if isinstance(value, list):
        return (text(key) + struct.pack("<iiQ", ARRAY, kind, len(value))
                + b"".join(encode_value(kind, v) for v in value))
    return text(key) + struct.pack("<i", kind) + encode_value(kind, value)


def write(path, metadata, tensors, matrix_type):
    """metadata: (key, kind, value or list) each; tensors: {name: array}. Vectors are F32, matrices of the given type."""
    infos, data = [], b""
    for name, values in tensors.items():
        kind, encode = ENCODE[matrix_type if values.ndim == 2 else "F32"]
        infos.append(text(name) + struct.pack("<I", values.ndim) + struct.pack("<%dq" % values.ndim, *values.shape[::-1])
                     + struct.pack("<iQ", kind, len(data)))
        data += encode(values)
        data += b"\0" * (-len(data) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<Iqq", 3, len(infos), len(metadata))
    head += b"".join(entry(*e) for e in metadata) + b"".join(infos)
    head += b"\0" * (-len(head) % ALIGNMENT)
    with open(path, "wb") as f:
        f.write(head + data)
