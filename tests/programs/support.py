"""Runs a program and looks at what comes out: for the tests of the built programs. Python's standard library only.

    python3 test_llmzero_run.py --program build/llmzero-run [--emulator "qemu-arm -cpu arm1176"] [--conformance DIR] [name ...]
"""
import argparse
import os
import pty
import select
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

TIMEOUT = 300  # seconds for one run; only what hangs reaches it


class Outcome:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return "status %s\n--- stdout\n%r\n--- stderr\n%s" % (self.status, self.out[:2000], self.err[:2000])


class Program:
    command = []
    started = []

    @classmethod
    def environment(cls, extra=None):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LLMZERO_")}
        clean.update(extra or {})
        return clean

    @classmethod
    def run(cls, *arguments, stdin=b"", env=None, **keywords):
        """Runs to the end with pipes, no terminal. stdin: bytes, or what subprocess takes."""
        how = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        keywords.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run(cls.command + list(arguments), stderr=subprocess.PIPE, timeout=TIMEOUT,
                              env=cls.environment(env), **how, **keywords)
        return Outcome(done.returncode, done.stdout or b"", done.stderr.decode("utf-8", "replace"))

    @classmethod
    def start(cls, *arguments, **keywords):
        for stream in ("stdin", "stdout", "stderr"):
            keywords.setdefault(stream, subprocess.PIPE)
        process = subprocess.Popen(cls.command + list(arguments), env=cls.environment(keywords.pop("env", None)),
                                   **keywords)
        cls.started.append(process)
        return process

    @classmethod
    def start_on_terminal(cls, *arguments, terminal_for=("stdin", "stdout", "stderr")):
        """The process, and the descriptor that a person would sit at."""
        person, terminal = pty.openpty()
        streams = {name: terminal for name in terminal_for}
        process = cls.start(*arguments, start_new_session=True, **streams)
        os.close(terminal)
        return process, person


def read_until(descriptor, wanted, timeout=TIMEOUT):
    """What comes from the descriptor until it contains `wanted` (None: until its end)."""
    got = b""
    end = time.monotonic() + timeout
    while wanted is None or wanted not in got:
        if not select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
            raise AssertionError("timed out waiting for %r, got %r" % (wanted, got))
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # a terminal whose other side is closed
            piece = b""
        if not piece:
            if wanted is None:
                return got
            raise AssertionError("ended before %r, got %r" % (wanted, got))
        got += piece
    return got


def write_slow_model(path, context=100000, ff=8192):
    """A llama model with random weights, slow enough to be interrupted: Q8_0, 9 MB unless `ff` says more, a vocabulary of 288.

    Its output weights are zero, so all logits are: greedy, it writes <unk> for ever, which is no text."""
    d, layers, vocab = 256, 1, 288

    def text(s):
        s = s.encode()
        return struct.pack("<Q", len(s)) + s

    def u32(v):
        return struct.pack("<II", 4, v)

    def f32(v):
        return struct.pack("<If", 6, v)

    def string(v):
        return struct.pack("<I", 8) + text(v)

    def array(kind, items):
        return struct.pack("<IIQ", 9, kind, len(items)) + b"".join(items)

    pieces = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)]
    pieces += ["w%d" % i for i in range(vocab - len(pieces))]
    kinds = [2, 3, 3] + [6] * 256 + [1] * (vocab - 259)
    metadata = [
        ("general.architecture", string("llama")),
        ("general.name", string("slow")),
        ("llama.context_length", u32(context)),
        ("llama.embedding_length", u32(d)),
        ("llama.block_count", u32(layers)),
        ("llama.feed_forward_length", u32(ff)),
        ("llama.attention.head_count", u32(4)),
        ("llama.attention.head_count_kv", u32(1)),
        ("llama.attention.layer_norm_rms_epsilon", f32(1e-5)),
        ("tokenizer.ggml.model", string("llama")),
        ("tokenizer.ggml.tokens", array(8, [text(p) for p in pieces])),
        ("tokenizer.ggml.scores", array(6, [struct.pack("<f", 0.0)] * vocab)),
        ("tokenizer.ggml.token_type", array(5, [struct.pack("<i", k) for k in kinds])),
        ("tokenizer.ggml.bos_token_id", u32(1)),
        ("tokenizer.ggml.eos_token_id", u32(2)),
        ("tokenizer.ggml.unknown_token_id", u32(0)),
    ]
    tensors = [("token_embd.weight", (d, vocab)), ("output_norm.weight", (d,)), ("output.weight", (d, vocab))]
    for layer in range(layers):
        tensors += [("blk.%d.%s.weight" % (layer, name), shape) for name, shape in
                    (("attn_norm", (d,)), ("attn_q", (d, d)), ("attn_k", (d, d // 4)), ("attn_v", (d, d // 4)),
                     ("attn_output", (d, d)), ("ffn_norm", (d,)), ("ffn_gate", (d, ff)), ("ffn_up", (d, ff)),
                     ("ffn_down", (ff, d)))]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(text(key) + value for key, value in metadata)
    data = b""
    codes = bytes((i * 89 + 17) % 256 for i in range(251))
    for name, shape in tensors:
        count = shape[0] * (shape[1] if len(shape) == 2 else 1)
        head += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in shape)
        head += struct.pack("<IQ", 8 if len(shape) == 2 else 0, len(data))
        if len(shape) == 2:  # blocks of 32: a half as the scale, 32 codes
            row = b"".join(b"\x00\x14" + (codes * 2)[i % 251:i % 251 + 32] for i in range(0, 32 * 64, 32))
            blocks = (row * (count // 32 // 64 + 1))[:count // 32 * 34]
            data += bytes(len(blocks)) if name == "output.weight" else blocks
        else:
            data += struct.pack("<f", 1.0) * count
        data += bytes(-len(data) % 32)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % 32) + data)


def main(tests):
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--emulator", default="")
    parser.add_argument("--conformance", default="")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    Program.command = shlex.split(given.emulator) + [os.path.abspath(given.program)]
    Program.conformance = os.environ.get("LLMZERO_CONFORMANCE") or given.conformance
    required = [os.environ.get(name, "0") not in ("", "0") for name in ("CI", "LLMZERO_REQUIRE_CONFORMANCE")]
    if not os.path.exists(os.path.join(Program.conformance, "bad", "INDEX.json")):
        print("SKIPPED: tests of %s: conformance data not found (set LLMZERO_CONFORMANCE to its folder)" %
              os.path.basename(given.program), file=sys.stderr)
        sys.exit(1 if any(required) else 0)
    with tempfile.TemporaryDirectory() as folder:
        Program.folder = folder
        suite = unittest.defaultTestLoader.loadTestsFromName if given.names else None
        loaded = unittest.TestSuite(suite(name, tests) for name in given.names) if suite \
            else unittest.defaultTestLoader.loadTestsFromModule(tests)
        outcome = unittest.TextTestRunner(verbosity=2).run(loaded)
        for process in Program.started:
            if process.poll() is None:  # a test failed while it ran
                process.kill()
                process.communicate()
    sys.exit(0 if outcome.wasSuccessful() else 1)
