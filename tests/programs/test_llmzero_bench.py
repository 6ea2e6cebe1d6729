"""llmzero-bench from outside. See support.py for how to run it. What it measures is not judged, only that it does."""
import csv
import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

import support
from support import Program

# Models whose perplexity is measured over the whole text, 25378 tokens; LLMZERO_TEST_SCALE=full: all of the kit's.
WHOLE_TEXT = ("llama2xs-Q8_0",)
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
        self.assertEqual(rows[0], ["model", "type", "size", "params", "kernels", "threads", "test", "t/s", "GB/s",
                                   "read GB/s", "of it", "MB/token", "peak"])
        self.assertEqual([row[6] for row in rows[2:]], ["pp2", "tg2"])
        for row in rows[2:]:
            self.assertEqual(row[1], "Q8_0")
            self.assertRegex(row[5], r"^[1-9]\d*$")
            self.assertRegex(row[7], r"^\d+\.\d+ \u00b1 \d+\.\d+$")
            self.assertRegex(row[12], r"^\d+\.\d\d MiB$")
        self.assertEqual(rows[2][8:12], ["-"] * 4)
        for cell in rows[3][8:10] + rows[3][11:12]:
            self.assertRegex(cell, r"^\d+\.\d+$")
        self.assertRegex(rows[3][10], r"^\d+ %$")

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
            # The whole model is in memory when it is measured.
            self.assertGreater(row["peak_memory_bytes"], row["model_size"])
        self.assertEqual((rows[0]["samples_read_bytes_per_second"], rows[0]["read_bytes_per_second"]), ([], None))
        self.assertEqual(len(rows[1]["samples_read_bytes_per_second"]), 2)
        self.assertGreater(rows[1]["read_bytes_per_second"], 1e6)

    def test_csv_has_what_json_has_but_lists(self):
        def measured(form):
            done = Program.run("-m", a_model(), *QUICK, "-o", form)
            self.assertEqual((done.status, done.err), (0, ""), done)
            return done.out.decode()

        wanted = json.loads(measured("json"))
        rows = list(csv.DictReader(io.StringIO(measured("csv"))))
        self.assertEqual(len(rows), 2)
        for row, other in zip(rows, wanted):
            self.assertEqual(list(row), [name for name in other if not name.startswith("samples_")])
            for name in ("model_filename", "model_size", "n_prompt", "n_gen", "n_depth", "type_k", "target"):
                self.assertEqual(row[name], str(other[name]))
            self.assertGreater(float(row["avg_ts"]), 0)
        self.assertEqual(rows[0]["weight_bytes_per_second"], "")
        # llama-bench's names, and their order.
        self.assertEqual(list(wanted[0])[:21],
                         ["backends", "model_filename", "model_type", "model_size", "model_n_params", "n_batch", "n_ubatch",
                          "n_threads", "type_k", "type_v", "use_mmap", "n_prompt", "n_gen", "n_depth", "test_time",
                          "avg_ns", "stddev_ns", "avg_ts", "stddev_ts", "samples_ns", "samples_ts"])

    def test_csv_quotes_what_a_name_may_hold(self):
        path = os.path.join(Program.folder, 'a "b",c.gguf')
        shutil.copy(a_model(), path)
        done = Program.run("-m", path, *QUICK, "-o", "csv")
        rows = list(csv.DictReader(io.StringIO(done.out.decode())))
        self.assertEqual([row["model_filename"] for row in rows], [path, path])

    def test_threads(self):
        def threads(*options):
            done = Program.run("-m", a_model(), *QUICK, "-o", "json", *options)
            return done.status, [row["n_threads"] for row in json.loads(done.out)] if done.status == 0 else done.err

        self.assertEqual(threads("-t", "1"), (0, [1, 1]))
        status, standard = threads()
        self.assertEqual(status, 0)
        self.assertIn(standard[0], range(1, 5))
        status, three = threads("--threads", "3")
        if status == 0:
            self.assertEqual(three, [3, 3])
        else:
            self.assertEqual(status, 2)
            self.assertIn("--threads", three)
        self.assertEqual(threads("-t", "257")[0], 2)

    def test_depth(self):
        done = Program.run("-m", a_model(), *QUICK, "-d", "3", "-o", "json")
        self.assertEqual((done.status, done.err), (0, ""), done)
        self.assertEqual([row["n_depth"] for row in json.loads(done.out)], [3, 3])
        table = Program.run("-m", a_model(), *QUICK, "-d", "3").out.decode()
        self.assertIn("| pp2 @ d3 |", table)
        self.assertIn("| tg2 @ d3 |", table)

    def test_kernels(self):
        listed = Program.run("--kernels", "list")
        self.assertEqual((listed.status, listed.err), (0, ""), listed)
        names = [line.split("  ") for line in listed.out.decode().splitlines()]
        self.assertEqual(names[-1][0], "portable")
        self.assertEqual([len(words) for words in names if words[-1] == "(the best here)"], [2])
        for words in names:
            done = Program.run("-m", a_model(), *QUICK, "--kernels", words[0], "-o", "json")
            if words[-1] == "(needs another processor)":
                self.assertEqual((done.status, done.out), (2, b""), done)
                self.assertIn("needs another processor", done.err)
            else:
                self.assertEqual([row["kernels"] for row in json.loads(done.out)], [words[0]] * 2)
        self.assertEqual(Program.run("-m", a_model(), *QUICK, "--kernels", "z80").status, 2)

    def test_products(self):
        names = re.search(r"Only this one: ([^\[]+?)\.", Program.run("--help").out.decode()).group(1)
        names = [name for name in re.findall(r"[a-z0-9_]+", names) if name != "or"]
        self.assertEqual(len(names), 12)
        small = ("--products", "-r", "1", "--rows", "40", "--cols", "256")
        done = Program.run(*small, "--tokens", "2", "--clock", "1000", "-o", "json")
        self.assertEqual((done.status, done.err), (0, ""), done)
        rows = json.loads(done.out)
        self.assertEqual([row["format"] for row in rows], names)
        for row in rows:
            self.assertEqual((row["rows"], row["cols"], row["n_tokens"]), (40, 256, 2))
            # Whole products, as few as are enough.
            self.assertEqual(row["macs"] % (40 * 256 * 2), 0)
            self.assertLess(row["macs"] - (8 << 20), 40 * 256 * 2)
            self.assertGreater(row["avg_ns_per_mac"], 0)
            self.assertAlmostEqual(row["cycles_per_mac"], row["avg_ns_per_mac"], delta=row["avg_ns_per_mac"] / 1000)
            self.assertGreaterEqual(row["packed_bytes"], 40 * 256 // 2)
        done = Program.run(*small, "--format", "q4", "-o", "csv")
        self.assertEqual([row["format"] for row in csv.DictReader(io.StringIO(done.out.decode()))], ["q4"])
        done = Program.run(*small, "--format", "q8", "--clock", "1000")
        lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.decode().splitlines()]
        self.assertEqual(lines[0][-3:], ["ns/MAC", "cycles/MAC at 1000 MHz", "GB/s"])
        self.assertEqual((lines[2][1], lines[2][2], len(lines)), ("q8", "40 x 256", 3))
        for wrong in (("--cols", "257"), ("--rows", "262145"), ("--tokens", "0"), ("--format", "q9"), ("--clock", "x"),
                      ("-m", a_model()), ("--random", "stories15m"), ("--perplexity", "x")):
            with self.subTest(wrong=wrong):
                self.assertEqual(Program.run(*small, *wrong).status, 2)

    def test_random_models_of_every_type(self):
        types = re.search(r"\nTypes: ([^.]+)\.", Program.run("--help").out.decode()).group(1).replace(",", "").split()
        self.assertEqual(len(types), 18)
        # Rows of 288 are no multiple of 256.
        fallback = {"Q2_K": "IQ4_NL", "Q3_K": "IQ4_NL", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
        for kind in types:
            with self.subTest(type=kind):
                done = Program.run("--type", kind, "--pure", "-p", "2", "-n", "1", "-r", "1", "-o", "json")
                self.assertEqual((done.status, done.err), (0, ""), done)
                base = re.sub("_[SML]$", "", kind)
                self.assertEqual(json.loads(done.out)[0]["model_type"], fallback.get(base, base))
                self.assertEqual(json.loads(done.out)[0]["model_n_params"], 15191712)

        def size(*options):
            return json.loads(Program.run(*options, "-p", "0", "-n", "1", "-r", "1", "-o", "json").out)[0]["model_size"]

        # The head, 32000 rows of 288, is also the embedding.
        rest, norms = 5971968, 13 * 288 * 4
        self.assertEqual(size("--type", "q4_0", "--pure"), (32000 * 288 + rest) // 32 * 18 + norms)
        self.assertEqual(size("--type", "q4_0", "--head", "q8_0"), 32000 * 288 // 32 * 34 + rest // 32 * 18 + norms)
        self.assertEqual(size("--type", "Q4_0"), 32000 * 288 // 32 * 34 + rest // 32 * 18 + norms)

    def test_a_random_model_with_an_encoder(self):
        done = Program.run("--random", "lamini-flan-t5-77m", "--type", "q4_k", "-p", "2", "-n", "2", "-r", "1", "-o",
                           "json")
        self.assertEqual((done.status, done.err), (0, ""), done)
        rows = json.loads(done.out)
        self.assertEqual([(row["n_prompt"], row["n_gen"]) for row in rows], [(2, 0), (0, 2)])
        self.assertEqual(rows[0]["model_n_params"], 76961152)
        # A token of the answer reads half of them: the decoder but its keys and values of the source, and the head.
        self.assertLess(rows[0]["weight_bytes_per_token"], 0.75 * rows[0]["model_size"])
        self.assertGreater(rows[0]["weight_bytes_per_token"], 0.5 * rows[0]["model_size"])
        lamini = ("--random", "lamini-flan-t5-77m", "--type", "q4_k", "-n", "1", "-r", "1", "-d", "3")
        self.assertEqual(Program.run(*lamini, "-p", "2").status, 2)
        self.assertIn(b"tg1 @ d3", Program.run(*lamini, "-p", "0").out)

    def test_options_at_0_1_their_largest_value_and_nonsense(self):
        for option, values in {
                "-p": {"0": 0, "1": 0, "1048577": 2, "-1": 2, "x": 2, "": 2},
                "-n": {"0": 0, "1": 0, "1048577": 2, "-1": 2, "x": 2, "": 2},
                "-r": {"0": 2, "1": 0, "10001": 2, "x": 2, "": 2},
                "-b": {"0": 2, "1": 0, "4096": 0, "4097": 2, "x": 2, "": 2},
                "-o": {"0": 2, "1": 2, "md": 0, "csv": 0, "json": 0, "": 2},
                "-t": {"0": 0, "1": 0, "257": 2, "-1": 2, "x": 2, "": 2},
                "-d": {"0": 0, "1": 0, "1048577": 2, "-1": 2, "x": 2},
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

    def kit_perplexity(self, model, n_stories):
        """Of the kit's first stories, taken as the kit takes them: the first 256 ids of each."""
        path = os.path.join(Program.conformance, "models", model + ".gguf")
        with open(os.path.join(Program.conformance, "text", "tinystories_val_100.txt"), "rb") as file:
            stories = file.read().split(b"\n<|endoftext|>\n")
        text = os.path.join(Program.folder, "stories.txt")
        with open(text, "wb") as file:
            file.write(b"".join(story + b"\n<|endoftext|>\n" for story in stories[:n_stories]))
        done = Program.run("-m", path, "--perplexity", text, "--separator", "<|endoftext|>", "-c", "256", "--cut",
                           "-o", "json")
        self.assertEqual((done.status, done.err), (0, ""), done)
        got = json.loads(done.out)[0]
        self.assertEqual((got["n_parts"], got["n_stretches"]), (n_stories, n_stories))
        self.assertGreater(got["avg_ts"], 0)
        return got

    def expected_perplexity(self):
        with open(os.path.join(Program.conformance, "expected", "perplexity.json")) as file:
            return {entry["model"]: entry for entry in json.load(file)["results"]}

    def test_perplexity_of_the_kit(self):
        if len(Program.command) > 1:
            self.skipTest("takes too long in an emulator")
        expected = self.expected_perplexity()
        for model in sorted(expected) if os.environ.get("LLMZERO_TEST_SCALE") == "full" else WHOLE_TEXT:
            with self.subTest(model=model):
                got, wanted = self.kit_perplexity(model, 100), expected[model]["float_ref"]
                print(model, "perplexity", got["perplexity"], "float reference", wanted["ppl"], "top-1", got["top1"])
                self.assertEqual(got["n_scored"], wanted["n_scored"])
                self.assertAlmostEqual(got["perplexity"], wanted["ppl"], delta=0.005 * wanted["ppl"])
                self.assertAlmostEqual(got["top1"], wanted["next_token_top1"], delta=0.005)

    def test_perplexity_of_one_story(self):
        got = self.kit_perplexity("stories260K-F32", 1)
        nll = self.expected_perplexity()["stories260K-F32"]["float_ref_nll_per_story"][0]
        self.assertEqual(got["n_scored"], 232)
        self.assertAlmostEqual(got["nll"], nll, delta=0.01)
        self.assertAlmostEqual(got["perplexity"], math.exp(nll / 232), delta=0.001)

    def test_perplexity_of_small_texts(self):
        def measured(content, *options, status=0):
            path = os.path.join(Program.folder, "text.txt")
            with open(path, "wb") as file:
                file.write(content)
            model = os.path.join(Program.conformance, "models", "stories260K-F32.gguf")
            done = Program.run("-m", model, "--perplexity", path, "-o", "json", *options)
            self.assertEqual(done.status, status, done)
            return json.loads(done.out)[0] if status == 0 else done.err

        story = b"Once upon a time, there was a little girl named Lily. She loved to play outside."
        whole = measured(story + b"\n")
        self.assertEqual((whole["n_ctx"], whole["n_parts"], whole["n_stretches"]), (512, 1, 1))
        self.assertLess(whole["perplexity"], 5)
        self.assertAlmostEqual(whole["perplexity"], math.exp(whole["nll"] / whole["n_scored"]), delta=0.001)
        # The first id of every stretch, BOS, is given; a part's ids are the same in one stretch and in several.
        short = measured(story, "-c", "8")
        self.assertEqual(short["n_scored"], whole["n_scored"])
        self.assertEqual(short["n_stretches"], -(-whole["n_scored"] // 7))
        self.assertGreater(short["perplexity"], whole["perplexity"])
        cut = measured(story, "-c", "8", "--cut")
        self.assertEqual((cut["n_stretches"], cut["n_scored"]), (1, 7))
        twice = measured(story + b"\n--\n" + story + b"\n--\n", "--separator", "--")
        self.assertEqual((twice["n_parts"], twice["n_scored"]), (2, 2 * whole["n_scored"]))
        self.assertAlmostEqual(twice["perplexity"], whole["perplexity"], delta=0.0001)
        for content, options in ((b"", ()), (b"\xff\xfea\0", ()), (b"a", ("-c", "1")), (b"a", ("-c", "x")),
                                 (b"--\n--\n", ("--separator", "--"))):
            self.assertIn("llmzero-bench: ", measured(content, *options, status=2))
        table = Program.run("-m", a_model(), "--perplexity", "-", stdin=story)
        self.assertEqual((table.status, table.err), (0, ""), table)
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.out.decode().splitlines()]
        self.assertEqual(rows[0][5:], ["scored", "perplexity", "top-1", "t/s"])
        self.assertEqual(len(rows), 3)
        self.assertEqual(Program.run("-m", a_model(), "--perplexity", "/nowhere").status, 1)
        self.assertEqual(Program.run("-m", a_model(), "--perplexity", "-", "-o", "csv", stdin=story).status, 2)

    def test_perplexity_interrupted(self):
        text = os.path.join(Program.folder, "long.txt")
        with open(text, "w") as file:
            file.write("Once upon a time. " * 100000)
        process = Program.start("-m", a_model(), "--perplexity", text, stdin=subprocess.DEVNULL)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual((process.returncode, out, err), (130, b"", b"llmzero-bench: interrupted\n"))

    def test_interrupted(self):
        process = Program.start("-m", a_model(), "-p", "0", "-n", "1000", "-r", "10000", stdin=subprocess.DEVNULL)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual((process.returncode, out, err), (130, b"", b"llmzero-bench: interrupted\n"))


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
