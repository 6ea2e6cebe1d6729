"""llmzero-run on x86-64 processors of several ages: one program, whose kernels are chosen when it runs. See support.py for
how to run it, with an emulator that is qemu-x86_64."""
import os
import subprocess
import sys
import unittest

import support
from support import Program

# qemu's models, and the best kernels that each can run. Its emulator has no AVX-512.
PROCESSORS = {"qemu64": "portable", "Nehalem": "portable", "SandyBridge": "portable", "max": "avx2"}


class Processors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = os.path.join(Program.conformance, "models", "stories260K-Q8_0.gguf")
        if not os.path.exists(cls.model):
            raise unittest.SkipTest("the conformance data is not there")

    @staticmethod
    def run_on(processor, *arguments):
        return subprocess.run(Program.command[:-1] + ["-cpu", processor, Program.command[-1]] + list(arguments),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=support.TIMEOUT,
                              stdin=subprocess.DEVNULL, env=Program.environment())

    @staticmethod
    def without_qemus_warnings(text):
        return "".join(line for line in text.decode().splitlines(True) if not line.startswith("qemu-x86_64: warning: "))

    def run_here(self, *arguments):
        return subprocess.run(Program.command[-1:] + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=support.TIMEOUT, stdin=subprocess.DEVNULL, env=Program.environment())

    def test_the_best_kernels_of_each(self):
        for processor, best in PROCESSORS.items():
            with self.subTest(processor=processor):
                done = self.run_on(processor, "--kernels", "list")
                self.assertEqual(done.returncode, 0, done)
                lines = done.stdout.decode().splitlines()
                self.assertIn(best + "  (the best here)", lines)
                self.assertIn("avx512vnni  (needs another processor)", lines)
                self.assertEqual(lines[-1].split()[0], "portable")

    def test_the_same_text_as_with_these_kernels_elsewhere(self):
        words = ("-m", self.model, "-p", "Once upon a time", "-n", "8", "--temp", "0")
        here = self.run_here("--kernels", "list").stdout.decode().splitlines()
        for processor, best in PROCESSORS.items():
            with self.subTest(processor=processor):
                done = self.run_on(processor, *words)
                self.assertEqual((done.returncode, self.without_qemus_warnings(done.stderr)), (0, ""), done)
                self.assertGreater(len(done.stdout), 20)
                if best + "  (needs another processor)" not in here:
                    self.assertEqual(done.stdout, self.run_here(*words, "--kernels", best).stdout)

    def test_kernels_that_it_cannot_run(self):
        done = self.run_on("Nehalem", "-m", self.model, "-p", "x", "--kernels", "avx2")
        self.assertEqual((done.returncode, done.stdout), (2, b""), done)
        self.assertIn(b"--kernels: 'avx2' needs another processor than this one, which can run: portable", done.stderr)


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
