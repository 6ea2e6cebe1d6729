"""Packed models from outside: llmzero-quantize --pack writes them, llmzero-info tells of them, llmzero-run uses them where
they lie; and what memory a run takes at most, with them and without. See support.py for how to run it; the other programs
are beside the one that is given."""
import json
import os
import re
import subprocess
import sys
import unittest

import support
from support import Program

SETS = ("arm1176", "neon", "x86", "portable")
LAYOUTS = {"avx2": "x86", "avx512vnni": "x86", "dotprod": "neon"}  # of sets that share one


class Packed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = os.path.join(Program.folder, "model.gguf")
        cls.check(cls.other("llmzero-quantize", "--random", "stories15m", "--type", "Q4_K_M", cls.model))
        cls.packed = {name: os.path.join(Program.folder, name + ".gguf") for name in SETS}
        for name, path in cls.packed.items():
            cls.check(cls.other("llmzero-quantize", cls.model, "--pack", name, path))
        verbose = Program.run("-m", cls.model, "--ids", "-p", "300", "-n", "1", "--verbose")
        cls.own = re.search("kernels: (\\w+)", verbose.err).group(1)
        cls.own = LAYOUTS.get(cls.own, cls.own)

    @staticmethod
    def check(done):
        if done.returncode != 0:
            raise AssertionError(done)

    @classmethod
    def other(cls, name, *arguments):
        """Runs the program of that name that is beside llmzero-run."""
        path = os.path.join(os.path.dirname(Program.command[-1]), name)
        return subprocess.run(Program.command[:-1] + [path] + list(arguments), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=support.TIMEOUT, env=Program.environment())

    def test_same_text_as_the_original(self):
        words = ("--ids", "-p", "300 337 374", "-n", "12", "--temp", "0")
        expected = Program.run("-m", self.model, *words)
        self.assertEqual(expected.status, 0, expected)
        for load in ("map", "read"):
            done = Program.run("-m", self.packed[self.own], "--load", load, *words)
            self.assertEqual((done.status, done.out), (0, expected.out), done)

    def test_other_machines_say_what_to_do(self):
        for name in SETS:
            if name != self.own:
                done = Program.run("-m", self.packed[name], "-p", "x")
                self.assertEqual((done.status, done.out), (3, b""), done)
                self.assertIn("the file is packed for the kernels '%s', expected '%s': llmzero-quantize --pack %s makes" %
                              (name, self.own, self.own), done.err)

    def test_information(self):
        for name in SETS:
            done = self.other("llmzero-info", self.packed[name])
            self.check(done)
            lines = [" ".join(line.split()) for line in done.stdout.decode().splitlines()]
            self.assertTrue(lines[0].endswith("packed for " + name), lines[0])
            self.assertTrue(any(line.startswith("blk.0.ffn_down.weight Q4_K 768 x 288 ") for line in lines), lines)
            self.assertTrue(any(line.startswith("Q8_0 ") for line in lines), lines)
            told = json.loads(self.other("llmzero-info", self.packed[name], "--json").stdout)
            self.assertEqual(told["packed_for"], name)
            self.assertEqual(told["runs"], name == self.own)
            shapes = {t["name"]: (t["type"], t["shape"]) for t in told["tensors"]}
            self.assertEqual(shapes["token_embd.weight"], ("Q8_0", [288, 32000]))
            self.assertEqual(shapes["output_norm.weight"], ("F32", [288]))

    def peak_of(self, *arguments):
        """The most memory that llmzero-run had until it wrote its first words, in bytes."""
        process = Program.start(*arguments, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        support.read_until(process.stdout.fileno(), b" w")
        with open("/proc/%d/status" % process.pid) as status:
            peak = int(re.search("VmHWM:\\s+(\\d+) kB", status.read()).group(1)) * 1024
        process.kill()
        process.communicate()
        return peak

    def test_peak_memory(self):
        if len(Program.command) > 1:
            self.skipTest("the memory of an emulator says nothing about the program's")
        with open(Program.command[0], "rb") as program:
            if b"__asan_" in program.read():
                self.skipTest("a sanitizer takes memory of its own")
        context = 256
        weights = json.loads(self.other("llmzero-info", self.packed[self.own], "--json").stdout)["tensor_bytes"]
        cache = 2 * 6 * 288 * context * 4  # keys and values of 6 layers, 288 floats a token
        # 24 MB is what is promised. A vocabulary of 32000 tokens, the buffers of a session and the program itself take a
        # quarter of it, and a file whose pages stayed in memory would take more than is allowed here.
        for name, path in (("as it is", self.model), ("packed", self.packed[self.own])):
            with self.subTest(model=name):
                peak = self.peak_of("-m", path, "--ids", "-p", "300", "-n", "200", "-c", str(context), "--temp", "0",
                                    "--ignore-eos", "--load", "map")
                print("%s: peak %.1f MB, weights %.1f MB, cache %.1f MB" % (name, peak / 1e6, weights / 1e6, cache / 1e6),
                      file=sys.stderr)
                self.assertLessEqual(peak, weights + cache + 10e6)


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
