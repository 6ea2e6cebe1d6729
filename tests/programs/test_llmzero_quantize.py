"""llmzero-quantize from outside. See support.py for how to run it."""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

import support
from support import Program


def kit(name):
    return os.path.join(Program.conformance, "models", name + ".gguf")


class Quantize(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(Program.folder, self.id().rsplit(".", 1)[1])
        os.mkdir(self.folder)
        self.out = os.path.join(self.folder, "out.gguf")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def assert_nothing_written(self):
        self.assertEqual(os.listdir(self.folder), [])

    def test_help_and_version(self):
        for flag in ("--help", "-h", "--version"):
            done = Program.run(flag)
            self.assertEqual((done.status, done.err), (0, ""), done)
            self.assertIn(b"llmzero-quantize", done.out)

    def test_file_in_another_type(self):
        done = Program.run(kit("stories260K-F32"), "--type", "Q4_0", self.out)
        self.assertEqual((done.status, done.out), (0, b""), done)
        self.assertEqual(done.err, self.out + ": 0.3 MB, 7.51 bits a weight: F32 0.000704M, F16 0.055M, Q4_0 0.172M, "
                                              "Q8_0 0.0328M\n")
        self.assertEqual(os.listdir(self.folder), ["out.gguf"])
        # Quantised again, from a quantised file; the same twice gives the same bytes.
        again, third = self.out + "2", self.out + "3"
        for name in (again, third):
            self.assertEqual(Program.run(self.out, name, "-t", "q8_0").status, 0)
        with open(again, "rb") as a, open(third, "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_json_and_report_agree(self):
        arguments = (kit("stories260K-F32"), "--type", "Q4_K_M", self.out)
        done = Program.run(*arguments, "--json")
        self.assertEqual(done.status, 0, done)
        told = json.loads(done.out)
        self.assertEqual(told["output_bytes"], os.path.getsize(self.out))
        self.assertEqual(told["input_bytes"], os.path.getsize(arguments[0]))
        self.assertEqual({t["type"] for t in told["types"]}, {"F32", "F16", "Q5_0", "Q8_0"})
        self.assertEqual(sum(t["weights"] for t in told["tensors"]), told["all"]["weights"])
        self.assertEqual(sum(t["bytes"] for t in told["types"]), told["all"]["bytes"])
        self.assertEqual(told["options"]["type"], "Q4_K_M")
        for tensor in told["tensors"]:
            limit = {"F32": 0, "F16": 1e-6, "Q5_0": 0.003, "Q8_0": 5e-5}[tensor["type"]]
            self.assertLessEqual(tensor["nmse"], limit, tensor)
        done = Program.run(*arguments, "--report", "--force")
        self.assertEqual(done.status, 0, done)
        lines = done.out.decode().splitlines()
        self.assertEqual(len(lines), len(told["tensors"]) + 2)
        for line, tensor in zip(lines[1:], told["tensors"]):
            words = line.split()
            self.assertEqual(words[:5], [tensor["name"], "F32", tensor["type"], str(tensor["weights"]),
                                         str(tensor["bytes"])])
            self.assertAlmostEqual(float(words[6]), tensor["nmse"], delta=tensor["nmse"] * 0.01)

    def test_pure_says_what_it_could_not_do(self):
        done = Program.run(kit("stories260K-F32"), "--type", "Q4_0", "--pure", self.out, "--json")
        self.assertEqual(done.status, 0, done)
        self.assertEqual({t["type"] for t in json.loads(done.out)["tensors"] if t["name"] == "token_embd.weight"},
                         {"Q4_0"})
        self.assertIn("note: the rows of 5 tensors are no multiple of the 32 weights of a block of Q4_0", done.err)
        done = Program.run(kit("llama2xs-F32"), "--type", "Q4_0", "--pure", self.out, "-f")
        self.assertNotIn("note", done.err)

    def test_packed(self):
        done = Program.run(kit("stories260K-Q4_0"), "--pack", "arm1176", self.out, "--json")
        self.assertEqual(done.status, 0, done)
        told = json.loads(done.out)
        self.assertEqual(told["output_bytes"], os.path.getsize(self.out))
        self.assertEqual(told["options"]["pack"], "arm1176")
        self.assertEqual({t["type"] for t in told["tensors"]}, {"F32", "F16", "Q4_0", "Q8_0"})
        for again in (("--pack", "portable"), ("--type", "Q8_0")):
            done = Program.run(self.out, *again, self.out + "2")
            self.assertEqual((done.status, done.out), (3, b""), done)
            self.assertIn("expected the one that it was made of", done.err)
        self.assertEqual(os.listdir(self.folder), ["out.gguf"])

    def test_random_models(self):
        done = Program.run("--random", "stories15m", "--type", "Q4_K_M", self.out, "--json")
        self.assertEqual(done.status, 0, done)
        weights = {t["type"]: t["weights"] for t in json.loads(done.out)["types"]}
        self.assertEqual(weights, {"F32": 3744, "Q5_0": 4478976, "Q8_0": 9381888, "Q4_K": 884736,
                                   "Q6_K": 442368})
        with open(self.out, "rb") as file:
            first = file.read()
        for seed, same in (("1", True), ("2", False)):
            self.assertEqual(Program.run("--random", "stories15m", "--type", "Q4_K_M", "--seed", seed, self.out,
                                         "--force").status, 0)
            with open(self.out, "rb") as file:
                self.assertEqual(file.read() == first, same)

    def test_an_existing_file_stays(self):
        with open(self.out, "w") as file:
            file.write("mine")
        done = Program.run(kit("stories260K-F32"), "--type", "Q4_0", self.out)
        self.assertEqual((done.status, done.out), (1, b""), done)
        self.assertIn("exists already", done.err)
        done = Program.run("--random", "stories15m", "--type", "Q4_0", self.out)
        self.assertEqual(done.status, 1, done)
        with open(self.out) as file:
            self.assertEqual(file.read(), "mine")
        self.assertEqual(Program.run(kit("stories260K-F32"), "--type", "Q4_0", self.out, "--force").status, 0)
        for option in ((), ("--force",)):
            done = Program.run(self.out, "--type", "Q8_0", self.out, *option)
            self.assertEqual(done.status, 1, done)
            self.assertIn("is the input", done.err)
        self.assertEqual(os.listdir(self.folder), ["out.gguf"])

    def test_what_is_refused(self):
        cases = [
            (2, "--type TYPE is needed", kit("stories260K-F32"), self.out),
            (2, "'Q9_9' is not one of: F32, ", kit("stories260K-F32"), "--type", "Q9_9", self.out),
            (2, "'z80' is not one of: arm1176, neon, x86, portable", kit("stories260K-F32"), "--pack", "z80", self.out),
            (2, "--pack keeps the types", kit("stories260K-F32"), "--pack", "portable", "--type", "Q8_0", self.out),
            (2, "1 file names are given", kit("stories260K-F32"), "--type", "Q4_0"),
            (2, "no option '--sead'; did you mean --seed?", "--sead", "1"),
            (2, "'gpt5' is not one of: stories15m, ", "--random", "gpt5", "--type", "Q4_0", self.out),
            (1, "cannot open '/nowhere'", "/nowhere", "--type", "Q4_0", self.out),
            (3, __file__ + ": ", __file__, "--type", "Q4_0", self.out),
            (3, "trunc-data-middle.gguf: the data of tensor ", os.path.join(Program.conformance, "bad", "trunc-data-middle.gguf"),
             "--type", "Q4_0", self.out),
            (1, "No such file or directory", kit("stories260K-F32"), "--type", "Q4_0", self.folder + "/no/out"),
            (1, "is no regular file", kit("stories260K-F32"), "--type", "Q4_0", "/dev/null", "--force"),
            (3, "not finite", os.path.join(Program.conformance, "bad", "safe-weights-nan.gguf"), "--type", "Q4_0",
             self.out),
        ]
        for status, words, *arguments in cases:
            with self.subTest(arguments=arguments):
                done = Program.run(*arguments)
                self.assertEqual((done.status, done.out), (status, b""), done)
                self.assertIn(words, done.err)
                self.assert_nothing_written()
                told = json.loads(Program.run(*arguments, "--json").out)
                self.assertEqual(told["error"]["status"], status)

    def test_no_file_of_the_kit_does_harm(self):
        folder = os.path.join(Program.conformance, "bad")
        for name in sorted(os.listdir(folder)):
            if name.endswith(".gguf"):
                with self.subTest(file=name):
                    done = Program.run(os.path.join(folder, name), "--type", "Q4_K_M", self.out, "--force")
                    self.assertIn(done.status, (0, 3), done)
                    self.assertEqual(os.listdir(self.folder), ["out.gguf"] if done.status == 0 else [])
                    if done.status == 0:
                        os.remove(self.out)

    def test_environment(self):
        done = Program.run(kit("stories260K-F32"), self.out, env={"LLMZERO_TYPE": "Q8_0", "LLMZERO_JSON": "1"})
        self.assertEqual(done.status, 0, done)
        self.assertEqual(json.loads(done.out)["options"]["type"], "Q8_0")

    def test_a_full_disk_leaves_nothing(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        done = Program.run(kit("stories260K-F32"), "--type", "Q8_0", self.out, preexec_fn=limit)
        self.assertEqual((done.status, done.out), (1, b""), done)
        self.assertIn("File too large", done.err)
        self.assert_nothing_written()

    def test_interrupted(self):
        source = os.path.join(self.folder, "source.gguf")
        self.assertEqual(Program.run("--random", "stories15m", "--type", "F16", source).status, 0)
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = Program.start(source, "--type", "Q2_K", self.out, stdin=subprocess.DEVNULL)
            end = time.monotonic() + support.TIMEOUT
            while not os.path.exists(self.out + ".new") and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            process.send_signal(number)
            out, err = process.communicate(timeout=support.TIMEOUT)
            self.assertEqual((process.returncode, out, err),
                             (status, b"", b"llmzero-quantize: interrupted; nothing was written\n"))
            self.assertEqual(os.listdir(self.folder), ["source.gguf"])

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            done = Program.run(kit("stories260K-F32"), "--type", "Q8_0", self.out, "--report", stdout=full)
        self.assertEqual(done.status, 1, done)
        self.assertIn("standard output: No space left on device", done.err)


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
