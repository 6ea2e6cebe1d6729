"""llmzero-bench from outside. See support.py for how to run it. What it measures is not judged, only that it does."""
import json
import os
import re
import signal
import subprocess
import sys
import unittest

import support
from support import Program

QUICK = ("-p", "2", "-n", "2", "-r", "2")


def a_model():
    return os.path.join(Program.conformance, "models", "syn-qwen2-d192-ff384-l2-h6kv2-untied-Q8_0.gguf")


class Bench(unittest.TestCase):
    def test_help_and_version(self):
        for flag in ("--help", "-h", "--version"):
            done = Program.run(flag)
            self.assertEqual((done.status, done.err), (0, ""), done)
            self.assertIn(b"llmzero-bench", done.out)

    def test_table(self):
        done = Program.run("-m", a_model(), *QUICK)
        self.assertEqual((done.status, done.err), (0, ""), done)
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.decode().splitlines()]
        self.assertEqual(rows[0], ["model", "type", "size", "params", "kernels", "test", "t/s", "GB/s"])
        self.assertEqual([row[5] for row in rows[2:]], ["pp2", "tg2"])
        for row in rows[2:]:
            self.assertEqual(row[1], "Q8_0")
            self.assertRegex(row[6], r"^\d+\.\d+ \u00b1 \d+\.\d+$")
        self.assertEqual(rows[2][7], "-")
        self.assertRegex(rows[3][7], r"^\d+\.\d+$")

    def test_json(self):
        done = Program.run("-m", a_model(), *QUICK, "-o", "json")
        self.assertEqual((done.status, done.err), (0, ""), done)
        rows = json.loads(done.out)
        self.assertEqual([(row["n_prompt"], row["n_gen"]) for row in rows], [(2, 0), (0, 2)])
        for row in rows:
            self.assertEqual(len(row["samples_ns"]), 2)
            self.assertAlmostEqual(row["avg_ts"], sum(row["samples_ts"]) / 2, delta=row["avg_ts"] / 1000)
            self.assertGreater(row["avg_ns"], 0)
            # The embedding has a table of its own here, which writing a token does not read.
            self.assertLess(row["weight_bytes_per_token"], row["model_size"] + 100000)
            self.assertGreater(row["weight_bytes_per_token"], row["model_size"] / 2)

    def test_random_models_of_every_type(self):
        listed = re.search(rb"--type TYPE +Its type: ([^\[]+?)\.", Program.run("--help").out).group(1).decode()
        types = re.findall(r"[a-z]+\d+(?:_\d)?", listed)
        self.assertEqual(len(types), 8)
        for kind in types:
            with self.subTest(type=kind):
                done = Program.run("--type", kind, "-p", "2", "-n", "1", "-r", "1", "-o", "json")
                self.assertEqual((done.status, done.err), (0, ""), done)
                self.assertEqual(json.loads(done.out)[0]["model_type"].lower(), kind)
                self.assertEqual(json.loads(done.out)[0]["model_n_params"], 15191712)
        mixed = json.loads(Program.run("--type", "q4_0", "--head", "q8_0", "-p", "0", "-n", "1", "-r", "1", "-o",
                                       "json").out)
        self.assertEqual(mixed[0]["model_size"], 32000 * 288 // 32 * 34 + 5971968 // 32 * 18 + 13 * 288 * 4)

    def test_options_at_0_1_their_largest_value_and_nonsense(self):
        for option, values in {
                "-p": {"0": 0, "1": 0, "1048577": 2, "-1": 2, "x": 2, "": 2},
                "-n": {"0": 0, "1": 0, "1048577": 2, "-1": 2, "x": 2, "": 2},
                "-r": {"0": 2, "1": 0, "10001": 2, "x": 2, "": 2},
                "-b": {"0": 2, "1": 0, "4096": 0, "4097": 2, "x": 2, "": 2},
                "-o": {"0": 2, "1": 2, "md": 0, "json": 0, "": 2},
                "--kv": {"0": 2, "f32": 0, "q8": 0, "x": 2},
                "--load": {"1": 2, "auto": 0, "map": 0, "read": 0, "x": 2},
                "--type": {"q9_9": 2, "": 2}, "--head": {"q9_9": 2}, "--random": {"x": 2, "stories15m": 2},
                "-m": {"": 2, "/nowhere": 1, "/": 1, __file__: 3}}.items():
            for value, status in values.items():
                with self.subTest(option=option, value=value):
                    done = Program.run("-m", a_model(), *QUICK, option, value)
                    self.assertEqual(done.status, status, done)
                    self.assertEqual(done.err == "", status == 0, done)
        self.assertEqual(Program.run("-m", a_model(), "-p", "0", "-n", "0").status, 2)
        self.assertEqual(Program.run("word").status, 2)

    def test_interrupted(self):
        process = Program.start("-m", a_model(), "-p", "0", "-n", "1000", "-r", "10000", stdin=subprocess.DEVNULL)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual((process.returncode, out, err), (130, b"", b"llmzero-bench: interrupted\n"))


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
