"""llmzero-bench-tokenizer from outside. See support.py for how to run it. What it measures is not judged, only that it
does."""
import json
import os
import signal
import subprocess
import sys
import unittest

import support
from support import Program

QUICK = ("-k", "16", "-r", "1")


def vocabulary(name):
    return os.path.join(Program.conformance, name)


class BenchTokenizer(unittest.TestCase):
    def test_help_and_version(self):
        for flag in ("--help", "-h", "--version"):
            done = Program.run(flag)
            self.assertEqual((done.status, done.err), (0, ""), done)
            self.assertIn(b"llmzero-bench-tokenizer", done.out)

    def test_table(self):
        done = Program.run("-m", vocabulary("vocab/bpe4k-pre-qwen2.gguf"), *QUICK)
        self.assertEqual((done.status, done.err), (0, ""), done)
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.decode().splitlines()]
        self.assertEqual(rows[0][0], "vocabulary")
        self.assertEqual([row[4] for row in rows[2:]], ["text"] * 3 + ["repeated"] * 3)
        for row in rows[2:]:
            self.assertEqual(row[:2], ["gpt2 (qwen2)", "4096"])
            self.assertRegex(row[7], r"^\d+\.\d+ \u00b1 \d+\.\d+$")

    def test_json_for_every_kind_of_vocabulary(self):
        for name, kind in {"vocab/bpe4k-pre-default.gguf": "gpt2 (default)", "vocab/t5.gguf": "t5",
                           "models/stories260K-Q4_0.gguf": "llama"}.items():
            with self.subTest(name=name):
                done = Program.run("-m", vocabulary(name), *QUICK, "-c", "ab", "-o", "json")
                self.assertEqual((done.status, done.err), (0, ""), done)
                rows = json.loads(done.out)
                self.assertEqual([row["n_bytes"] for row in rows], [1024, 4096, 16384] * 2)
                for row in rows:
                    self.assertTrue(row["tokenizer"].startswith(kind), row)
                    self.assertGreater(row["n_tokens"], 0)
                    self.assertLessEqual(row["n_tokens"], row["n_bytes"] + 1)
                    self.assertGreater(row["avg_mbs"], 0)

    def test_texts(self):
        done = Program.run("-m", vocabulary("vocab/bpe4k-pre-qwen2.gguf"), *QUICK, "-f", "-", "-c", "\u4e2d", "-o",
                           "json", stdin="\u00e9\n".encode())
        self.assertEqual((done.status, done.err), (0, ""), done)
        rows = json.loads(done.out)
        # Nothing is cut within a character.
        self.assertEqual([row["n_bytes"] for row in rows], [1023, 4095, 16383] * 2)

    def test_options_at_0_1_their_largest_value_and_nonsense(self):
        model = vocabulary("vocab/bpe4k-pre-qwen2.gguf")
        for option, values in {
                "-k": {"0": 2, "15": 2, "16": 0, "65537": 2, "x": 2, "": 2},
                "-r": {"0": 2, "1": 0, "10001": 2, "x": 2, "": 2},
                "-c": {"": 2, "a": 0},
                "-o": {"0": 2, "md": 0, "json": 0, "": 2},
                "-f": {"/nowhere": 1, "/": 1, __file__: 0},
                "-m": {"": 2, "/nowhere": 1, "/": 1, __file__: 3}}.items():
            for value, status in values.items():
                with self.subTest(option=option, value=value):
                    done = Program.run("-m", model, *QUICK, option, value)
                    self.assertEqual(done.status, status, done)
                    self.assertEqual(done.err == "", status == 0, done)
        self.assertEqual(Program.run().status, 2)
        self.assertEqual(Program.run("-m", model, "word").status, 2)

    def test_interrupted(self):
        process = Program.start("-m", vocabulary("vocab/bpe4k-pre-qwen2.gguf"), "-r", "10000",
                                stdin=subprocess.DEVNULL)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual((process.returncode, out, err), (130, b"", b"llmzero-bench-tokenizer: interrupted\n"))


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
