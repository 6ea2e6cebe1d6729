"""llmzero-info from outside. See support.py for how to run it."""
import json
import os
import sys
import unittest

import support
from support import Program


def kit(*names):
    return os.path.join(Program.conformance, *names)


A_MODEL = ("models", "stories260K-Q4_0.gguf")


class Info(unittest.TestCase):
    def test_help_and_version(self):
        for flag in ("--help", "-h", "--version"):
            done = Program.run(flag)
            self.assertEqual((done.status, done.err), (0, ""), done)
            self.assertIn(b"llmzero-info", done.out)

    def test_text(self):
        done = Program.run(kit(*A_MODEL), "--ctx-size", "100")
        self.assertEqual((done.status, done.err), (0, ""), done)
        lines = [" ".join(line.split()) for line in done.out.decode().splitlines()]
        self.assertIn("llama.block_count u32 5", lines)
        self.assertIn('tokenizer.ggml.tokens string[512] ["<unk>","<s>","</s>","<0x00>","<0x01>",...]', lines)
        self.assertIn("token_embd.weight Q8_0 64 x 512 34.8 kB", lines)
        self.assertIn("Q4_0 30 tensors 0.17 M weights 96.5 kB", lines)
        self.assertIn("llmzero can run this file. Memory", lines)
        self.assertTrue(any(line.startswith("context of 100 tokens, f32 cache ") for line in lines), lines)

    def test_json(self):
        def memory(*options):
            done = Program.run(kit(*A_MODEL), "--json", *options)
            self.assertEqual((done.status, done.err), (0, ""), done)
            told = json.loads(done.out)
            self.assertEqual(told["bytes"], os.path.getsize(kit(*A_MODEL)))
            self.assertTrue(told["runs"])
            self.assertEqual(told["memory"]["together"], told["memory"]["model"] + told["memory"]["session"])
            return told["memory"]
        standard = memory()
        self.assertEqual(standard["context"], 512)
        short, long, small = memory("-c", "100"), memory("-c", "4000"), memory("-c", "4000", "--kv", "q8")
        self.assertLess(short["session"], standard["session"])
        # Keys and values: 2 * 5 layers * 4 heads * 8 numbers of 4 bytes a token.
        self.assertGreater(long["session"] - short["session"], 3900 * 2 * 5 * 32 * 4)
        self.assertLess(small["session"], long["session"])
        self.assertEqual(small["model"], standard["model"])

    def test_every_model_of_the_kit_runs(self):
        for name in sorted(os.listdir(kit("models"))):
            with self.subTest(model=name):
                told = json.loads(Program.run(kit("models", name), "--json").out)
                self.assertTrue(told["runs"], told.get("why_not"))

    def test_files_that_cannot_run_are_told_of_all_the_same(self):
        for name, words in (("arch-unknown", "general.architecture"), ("tensor-missing-attn-q", "attn_q.weight"),
                            ("embedding-not-divisible", "embedding_length"), ("tokens-missing", "tokens")):
            with self.subTest(file=name):
                path = kit("bad", name + ".gguf")
                done = Program.run(path)
                self.assertEqual((done.status, done.err), (0, ""), done)
                self.assertIn(b"\nllmzero cannot run this file: ", done.out)
                told = json.loads(Program.run(path, "--json").out)
                self.assertFalse(told["runs"])
                self.assertIn(words, told["why_not"])
                self.assertGreater(len(told["metadata"]), 5)

    def test_no_file_of_the_kit_does_harm(self):
        for name in sorted(os.listdir(kit("bad"))):
            if name.endswith(".gguf"):
                with self.subTest(file=name):
                    done = Program.run(kit("bad", name), "--json")
                    self.assertIn(done.status, (0, 3), done)
                    self.assertEqual("error" in json.loads(done.out), done.status == 3)

    def test_what_is_refused(self):
        for status, words, *arguments in (
                (2, "0 file names are given, expected one"), (2, "2 file names are given", "a", "b"),
                (2, "no option '--ctx'; did you mean --ctx-size?", "--ctx", "1"),
                (2, "-c: '-1' is not a whole number", kit(*A_MODEL), "-c", "-1"),
                (2, "--batch: '0' is not a whole number", kit(*A_MODEL), "--batch", "0"),
                (1, "cannot open '/nowhere'", "/nowhere"), (3, __file__ + ": ", __file__), (1, "/", "/")):
            with self.subTest(arguments=arguments):
                done = Program.run(*arguments)
                self.assertEqual((done.status, done.out), (status, b""), done)
                self.assertIn(words, done.err)
                told = json.loads(Program.run(*arguments, "--json").out)
                self.assertEqual(told["error"]["status"], status)

    def test_environment_and_standard_output(self):
        done = Program.run(kit(*A_MODEL), env={"LLMZERO_CTX_SIZE": "77", "LLMZERO_JSON": "1"})
        self.assertEqual(json.loads(done.out)["memory"]["context"], 77)
        with open("/dev/full", "wb") as full:
            done = Program.run(kit(*A_MODEL), stdout=full)
        self.assertEqual(done.status, 1, done)
        self.assertIn("standard output: No space left on device", done.err)


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
