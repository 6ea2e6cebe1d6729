"""llmzero-run from outside. See support.py for how to run it."""
import array
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import unittest

import support
from support import Program, read_until

STORY = "Once upon a time"
LARGEST_32, LARGEST_64 = "4294967295", "18446744073709551615"


def conformance(*parts):
    return os.path.join(Program.conformance, *parts)


def story_model():
    return conformance("models", "stories260K-F32.gguf")


def expected_story():
    with open(conformance("expected", "stories260K-F32.json"), encoding="utf-8") as file:
        return json.load(file)


def temporary(name):
    return os.path.join(Program.folder, name)


def write(name, content):
    with open(temporary(name), "wb") as file:
        file.write(content)
    return temporary(name)


def slow_model():
    path = temporary("slow.gguf")
    if not os.path.exists(path):
        support.write_slow_model(path)
    return path


def strict_json(text):
    """One object on one line, without what only Python's parser takes."""
    def refuse(word):
        raise AssertionError("%s is no JSON" % word)
    assert text.endswith(b"\n") and text.count(b"\n") == 1, text
    return json.loads(text.decode("utf-8"), parse_constant=refuse)


class Case(unittest.TestCase):
    def run_story(self, *arguments, **keywords):
        return Program.run("-m", story_model(), *arguments, **keywords)

    def assert_ends(self, outcome, status, *messages):
        """The status, a message with these words, and nothing on standard output."""
        self.assertEqual(outcome.status, status, outcome)
        self.assertEqual(outcome.out, b"", outcome)
        self.assertTrue(outcome.err.startswith("llmzero-run: "), outcome)
        for message in messages:
            self.assertIn(message, outcome.err)


class Help(Case):
    def test_help(self):
        for flag in ("--help", "-h"):
            done = Program.run(flag)
            self.assertEqual((done.status, done.err), (0, ""), done)
            self.assertIn(b"usage: llmzero-run", done.out)

    def test_help_wins_over_a_broken_environment(self):
        self.assertEqual(Program.run("--help", env={"LLMZERO_TEMP": "hot"}).status, 0)

    def test_version(self):
        done = Program.run("--version")
        self.assertEqual((done.status, done.err), (0, ""), done)
        self.assertRegex(done.out, rb"^llmzero-run \d+\.\d+\.\d+ for .+\n$")


class Options(Case):
    # For each option: values with the exit status they must give, for a run of 4 tokens.
    # "0", "1", the largest value and nonsense at least; "" is the empty text.
    MATRIX = {
        "--model": {"0": 1, "1": 1, "x" * 5000: 1, "": 2, "/": 1},
        "--load": {"0": 2, "1": 2, "auto": 0, "map": 0, "read": 0, "nonsense": 2, "": 2},
        "--memory": {"0": 0, "1": 4, LARGEST_64: 0, "auto": 0, "1T": 0, "18446744073709551616": 2, "-1": 2, "1.5G": 2,
                     "nonsense": 2, "": 2},
        "--prompt": {"0": 0, "1": 0, "word " * 300: 1, "": 0, "-n": 0, "\udcff\udcfe": 0},
        "--file": {"0": 1, "1": 1, "x" * 5000: 1, "": 2, "nonsense": 1, "/": 1},
        "--n-predict": {"0": 0, "1": 0, LARGEST_32: 0, "4294967296": 2, "-1": 2, "1.0": 2, "nonsense": 2, "": 2},
        "--stop": {"0": 0, "1": 0, "a" * 100000: 0, "nonsense": 0, "": 2},
        "--ctx-size": {"0": 0, "1": 1, "512": 0, "134217728": 4, "134217729": 2, LARGEST_32: 2, "4294967296": 2, "-1": 2, "nonsense": 2,
                       "": 2},
        "--head": {"0": 2, "1": 2, "auto": 0, "full": 0, "sketch": 0, "nonsense": 2, "": 2},
        "--kernels": {"0": 2, "1": 2, "portable": 0, "list": 0, "nonsense": 2, "": 0},
        "--kv": {"0": 2, "1": 2, "f32": 0, "q8": 0, "nonsense": 2, "": 2},
        "--batch": {"0": 2, "1": 0, "4096": 0, "4097": 2, "-1": 2, "nonsense": 2, "": 2},
        "--draft": {"0": 0, "1": 0, "15": 0, "auto": 0, "16": 2, "-1": 2, "nonsense": 2, "": 2},
        "--threads": {"0": 0, "1": 0, "257": 2, "-1": 2, "nonsense": 2, "": 2},
        "--seed": {"0": 0, "1": 0, LARGEST_64: 0, "-1": 0, "-2": 2, "18446744073709551616": 2, "nonsense": 2, "": 2},
        "--temp": {"0": 0, "1": 0, "1000": 0, "1e-45": 0, "1001": 2, "-1": 2, "nan": 2, "inf": 2, "nonsense": 2,
                   "": 2},
        "--top-k": {"0": 0, "1": 0, LARGEST_32: 0, "4294967296": 2, "-1": 2, "nonsense": 2, "": 2},
        "--top-p": {"0": 0, "1": 0, "1.1": 2, "-0.1": 2, "nan": 2, "nonsense": 2, "": 2},
        "--min-p": {"0": 0, "1": 0, "1.1": 2, "-0.1": 2, "nan": 2, "nonsense": 2, "": 2},
        "--repeat-penalty": {"0": 2, "1": 0, "0.01": 0, "1000": 0, "1001": 2, "-1": 2, "nan": 2, "nonsense": 2,
                             "": 2},
        "--repeat-last-n": {"0": 0, "1": 0, "1048576": 0, "1048577": 2, "-1": 2, "nonsense": 2, "": 2},
        "--prompt-cache": {"0": 0, "1": 0, "x" * 5000: 0, "/nowhere/file": 0, "": 2},
        "--system": {"0": 0, "1": 0, "word " * 300: 1, "": 0, "\udcff\udcfe": 0},
        "--template": {"0": 2, "1": 2, "auto": 0, "chatml": 0, "raw": 0, "nonsense": 2, "": 2},
        "--dump-logits": {"0": 0, "1": 0, "x" * 5000: 1, "/nowhere/file": 1, "/": 1, "": 2},
    }
    SWITCHES = ("--chat", "--interactive", "--ids", "--ignore-eos", "--no-display-prompt", "--json", "--verbose", "--version", "--help")

    def test_every_option_is_in_the_matrix(self):
        listed = re.findall(r"^  (?:-.,|   ) (--[a-z-]+)", Program.run("--help").out.decode(), re.M)
        self.assertEqual(sorted(listed), sorted(list(self.MATRIX) + list(self.SWITCHES)))

    def test_every_option_at_0_1_its_largest_value_and_nonsense(self):
        for option, values in self.MATRIX.items():
            for value, status in values.items():
                with self.subTest(option=option, value=value[:40]):
                    arguments = ["-s", "1", "-n", "4"]
                    if option not in ("--prompt", "--file"):
                        arguments += ["-p", "a"]
                    if option == "--repeat-last-n":
                        arguments += ["--repeat-penalty", "1.5"]
                    if option == "--ctx-size":
                        arguments += ["--memory", "1G"]
                    if option in ("--dump-logits", "--prompt-cache") and value in ("0", "1"):
                        value = temporary(option + value)
                    done = self.run_story(*arguments, option, value)
                    self.assertEqual(done.status, status, done)
                    errors = [line for line in done.err.splitlines() if not line.startswith("llmzero-run: note: ")]
                    self.assertEqual(errors == [], status == 0, done)
                    again = self.run_story(*arguments, option + "=" + value)
                    exists = option == "--dump-logits" and status == 0
                    self.assertEqual(again.status, 1 if exists else status, again)

    def test_every_switch_at_0_1_and_nonsense(self):
        for switch in self.SWITCHES:
            with self.subTest(switch=switch):
                prompt = ["-p", "5", "-n", "1", "--temp", "0"]
                for value in ("0", "1"):
                    self.assertEqual(self.run_story(*prompt, switch + "=" + value).status, 0)
                for value in ("2", "nonsense", ""):
                    self.assertEqual(self.run_story(*prompt, switch + "=" + value).status, 2)

    def test_mistakes_on_the_command_line(self):
        self.assert_ends(Program.run("--temperature", "1", "-p", "a"), 2, "did you mean --temp?", "usage:")
        self.assert_ends(Program.run("-n", "x", "-p", "a"), 2, "-n: 'x' is not a whole number from 0 to 4294967295")
        self.assert_ends(Program.run("word"), 2, "'word' belongs to no option")
        self.assert_ends(Program.run("-p"), 2, "-p needs a value")
        self.assert_ends(Program.run("-p", "a", "-f", "b"), 2, "-p and -f are both given")

    def test_a_context_beyond_the_model(self):
        done = self.run_story("-p", "a", "-n", "600", "-c", "1000", "--ignore-eos")
        self.assertEqual((done.status, done.err.count("\n")), (0, 1), done)
        self.assertIn("trained for 512 tokens", done.err)

    def test_environment(self):
        env = {"LLMZERO_MODEL": story_model(), "LLMZERO_N_PREDICT": "4", "LLMZERO_TEMP": "0", "LLMZERO_PROMPT": STORY,
               "LLMZERO_HELP": "1", "LLMZERO_SEED": ""}
        self.assertEqual(Program.run(env=env).out, self.run_story("-p", STORY, "-n", "4", "--temp", "0").out)
        self.assertEqual(Program.run("-n", "0", env=env).out.decode(), STORY)
        self.assert_ends(Program.run(env={"LLMZERO_TEMP": "hot"}), 2, "LLMZERO_TEMP: 'hot'")


class Text(Case):
    def test_greedy_text_is_the_expected_one(self):
        for prompt in expected_story()["prompts"]:
            if prompt["greedy_text"] is None:
                continue
            with self.subTest(prompt=prompt["text"][:40]):
                arguments = ["--temp", "0", "-n", "48", "--ignore-eos"]
                done = self.run_story("-p", prompt["text"], *arguments)
                self.assertEqual((done.status, done.err), (0, ""), done)
                self.assertTrue(done.out.startswith(prompt["text"].encode()))
                short = self.run_story("-p", prompt["text"], "--no-display-prompt", *arguments)
                # The expected text was decoded alone, so it lacks the blank that begins a first word.
                self.assertEqual(short.out.decode().removeprefix(" "), prompt["greedy_text"].removeprefix(" "))
                self.assertEqual(done.out, prompt["text"].encode() + short.out)
                ids = " ".join(map(str, prompt["prompt_ids"]))
                self.assertEqual(self.run_story("--ids", "-p", ids, *arguments).out, done.out)
                self.assertEqual(self.run_story("--ids", "--no-display-prompt", "-f", "-", *arguments,
                                                stdin=ids.replace(" ", ",\n").encode()).out, short.out)

    def test_how_it_runs_does_not_change_the_text(self):
        plain = self.run_story("-p", STORY, "-n", "20", "--temp", "0")
        for extra in (["--load", "read"], ["--load", "map"], ["--batch", "1"], ["-c", "100"], ["--memory", "0"],
                      ["--verbose"], ["--top-k", "1"], ["--draft", "0"], ["--draft", "15"],
                      ["--head", "full"], ["--head", "sketch"]):
            with self.subTest(extra=extra):
                self.assertEqual(self.run_story("-p", STORY, "-n", "20", "--temp", "0", *extra).out, plain.out)

    def test_drafts_that_come_true_are_counted(self):
        ids = " ".join(["1"] + ["300 337 374"] * 8)
        how = ("--ids", "-p", ids, "-n", "40", "--temp", "0", "--ignore-eos", "--json")
        plain, drafted = (strict_json(self.run_story(*how, "--draft", n).out) for n in ("0", "3"))
        self.assertEqual(plain["text"], drafted["text"])
        self.assertEqual((plain["tokens"]["drafted"], plain["tokens"]["accepted"]), (0, 0))
        self.assertGreater(drafted["tokens"]["drafted"], 0)
        self.assertLessEqual(drafted["tokens"]["accepted"], drafted["tokens"]["drafted"])
        self.assertEqual((plain["options"]["draft"], drafted["options"]["draft"]), (0, 3))

    def test_a_seed_gives_its_text_again(self):
        one, two = (self.run_story("-p", STORY, "-n", "30", "-s", "7") for _ in range(2))
        self.assertEqual(one.out, two.out)
        self.assertNotEqual(one.out, self.run_story("-p", STORY, "-n", "30", "-s", "8").out)
        drawn = strict_json(self.run_story("-p", STORY, "-n", "30", "--json").out)
        again = strict_json(self.run_story("-p", STORY, "-n", "30", "--json", "-s", str(drawn["seed"])).out)
        self.assertEqual(drawn["text"], again["text"])
        self.assertNotEqual(drawn["seed"], strict_json(self.run_story("-p", STORY, "-n", "1", "--json").out)["seed"])

    def test_stop(self):
        whole = self.run_story("-p", STORY, "-n", "48", "--temp", "0").out
        done = self.run_story("-p", STORY, "-n", "48", "--temp", "0", "--stop", "nowhere in it", "--stop", "played out",
                              "--stop", "loved to")
        self.assertEqual(done.out, whole[:whole.index(b"loved to")])

    def test_quiet_unless_asked(self):
        self.assertEqual(self.run_story("-p", STORY, "-n", "4").err, "")
        talk = self.run_story("-p", STORY, "-n", "4", "-v", "-s", "77").err
        for word in ("stories260K", "kernels", "prompt 5 tokens", "output 4 tokens", "seed 77", "stopped: max_tokens"):
            self.assertIn(word, talk)


class Prompts(Case):
    def test_sources_of_the_prompt_agree(self):
        arguments = ["-n", "8", "--temp", "0"]
        given = self.run_story("-p", STORY, *arguments).out
        for content in (STORY.encode(), STORY.encode() + b"\n", STORY.encode() + b"\r\n",
                        b"\xef\xbb\xbf" + STORY.encode()):
            with self.subTest(content=content):
                self.assertEqual(self.run_story("-f", write("prompt", content), *arguments).out, given)
                self.assertEqual(self.run_story("-f", "-", *arguments, stdin=content).out, given)
                self.assertEqual(self.run_story(*arguments, stdin=content).out, given)

    def test_an_empty_prompt_is_a_prompt(self):
        done = self.run_story("-p", "", "-n", "4", "--temp", "0")
        self.assertEqual((done.status, done.out.strip()), (0, b"Once upon a time"), done)
        self.assertEqual(self.run_story("-f", os.devnull, "-n", "4", "--temp", "0").out, done.out)

    def test_files_that_are_no_prompts(self):
        self.assert_ends(self.run_story("-f", temporary("missing")), 1, "missing: No such file")
        self.assert_ends(self.run_story("-f", Program.folder), 1, "Is a directory")
        self.assert_ends(self.run_story("-f", write("nul", b"abc\0def")), 2, "byte 3 is NUL")
        self.assert_ends(self.run_story("-f", write("utf16", b"\xff\xfea\0")), 2, "UTF-16")
        self.assert_ends(self.run_story("-f", write("large", b"a" * (2 * 1024 * 1024 + 1))), 2, "2097152")
        self.assert_ends(self.run_story(stdin=b"\0"), 2, "standard input", "byte 0 is NUL")

    def test_prompts_that_do_not_fit(self):
        self.assert_ends(self.run_story("-p", "word " * 1000), 1, "512")
        self.assert_ends(self.run_story("-p", STORY, "-c", "3"), 1, "5 tokens", "3")
        self.assert_ends(self.run_story("-f", write("long", b"word " * 200000)), 1, "512")

    def test_token_ids(self):
        self.assert_ends(self.run_story("--ids", "-p", "1 2 512"), 2, "token id number 3, at byte 4", "'512'", "511")
        self.assert_ends(self.run_story("--ids", "-p", "1 -1"), 2, "'-1'")
        self.assert_ends(self.run_story("--ids", "-p", STORY), 2, "'Once'")
        self.assert_ends(self.run_story("--ids", "-p", ""), 2, "no tokens")


class Json(Case):
    def test_the_object(self):
        done = self.run_story("-p", STORY, "-n", "48", "--temp", "0", "--json", "-s", LARGEST_64)
        self.assertEqual((done.status, done.err), (0, ""), done)
        got = strict_json(done.out)
        self.assertEqual(got["text"], expected_story()["prompts"][0]["greedy_text"])
        self.assertEqual(got["stop_reason"], "max_tokens")
        self.assertEqual(got["seed"], int(LARGEST_64))
        self.assertLessEqual(got["tokens"].pop("accepted"), got["tokens"].pop("drafted"))
        self.assertEqual(got["tokens"], {"prompt": 5, "kept": 0, "generated": 48})
        self.assertIsNone(got["template"])
        self.assertEqual(sorted(got["milliseconds"]), ["generation", "load", "prompt"])
        self.assertTrue(all(value >= 0 for value in got["milliseconds"].values()), got)
        self.assertEqual(got["model"]["name"], "stories260K")
        self.assertGreater(got["model"]["memory_bytes"], 1000000)
        for name, value in (("model", story_model()), ("prompt", STORY), ("n_predict", 48), ("temp", 0), ("top_k", 40),
                            ("top_p", 0.95), ("min_p", 0.05), ("repeat_penalty", 1), ("stop", []), ("kv", "auto"),
                            ("load", "auto"), ("memory", None), ("json", True), ("ids", False)):
            self.assertEqual(got["options"][name], value, name)

    def test_stop_reasons(self):
        def reason(*arguments):
            return strict_json(self.run_story("--json", "--temp", "0", *arguments).out)["stop_reason"]
        self.assertEqual(reason("-p", STORY, "-n", "3"), "max_tokens")
        self.assertEqual(reason("-p", STORY, "-n", "0"), "max_tokens")
        self.assertEqual(reason("-p", STORY, "--stop", "there"), "stop_string")
        self.assertEqual(reason("-p", STORY, "-c", "10", "--ignore-eos"), "context_full")
        self.assertEqual(reason("-p", STORY, "-n", LARGEST_32, "--ignore-eos"), "context_full")

    def test_the_end_of_the_text_may_be_ignored(self):
        def reason(*arguments):  # this model draws from 40 tokens alike, and one of them ends the text
            done = Program.run("-m", slow_model(), "-p", "a", "-n", "400", "-s", "1", "--json", *arguments)
            return strict_json(done.out)["stop_reason"]
        self.assertEqual(reason(), "end_of_text")
        self.assertEqual(reason("--ignore-eos"), "max_tokens")

    def test_any_bytes_in_any_text(self):
        for text in ("\udcff\udcc3\udce2\udc82", "\"\\\n\t\x01\x7f", "\u00e9\U0001f600"):
            readable = os.fsencode(text).decode("utf-8", "replace")
            got = strict_json(self.run_story("-p", text, "-n", "1", "--json", "--stop", readable).out)
            self.assertEqual((got["options"]["prompt"], got["options"]["stop"]), (readable, [readable]))
        self.assert_ends(self.run_story("-p", "a", "--stop", "\udcff"), 2, "UTF-8")

    def test_errors(self):
        for arguments, status, code in (
                (["-p", "a", "--temp", "x"], 2, "bad_argument"),
                (["--bogus", "-p", "a"], 2, "bad_argument"),
                (["-f", temporary("missing")], 1, "io"),
                (["-p", "word " * 1000], 1, "context_full"),
                (["-p", "a", "--memory", "1"], 4, "over_budget"),
                (["-p", "a", "-m", conformance("bad", "magic-wrong.gguf")], 3, "malformed")):
            with self.subTest(arguments=arguments):
                done = self.run_story(*arguments, "--json")
                self.assertEqual(done.status, status, done)
                error = strict_json(done.out)["error"]
                self.assertEqual((error["code"], error["status"]), (code, status))
                self.assertIn(error["message"], done.err)


class Chat(Case):
    GREEDY = ("--temp", "0", "-n", "12")

    def chat(self, *arguments, stdin=b"", **keywords):
        return self.run_story("--interactive", *self.GREEDY, *arguments, stdin=stdin, **keywords)

    def test_one_answer(self):
        plain = self.run_story("-p", STORY, "--no-display-prompt", *self.GREEDY)
        raw = self.run_story("--chat", "-p", STORY, *self.GREEDY)
        self.assertEqual((raw.status, raw.out), (0, plain.out), raw)
        self.assertIn("note: the model has no chat template", raw.err)  # it is a base model
        chosen = self.run_story("--template", "zephyr", "-p", STORY, *self.GREEDY)
        self.assertEqual((chosen.status, chosen.err), (0, ""), chosen)
        spelt = self.run_story("-p", "<|user|>\n%s" % STORY, "--no-display-prompt", *self.GREEDY)
        self.assertNotEqual(chosen.out, plain.out)
        self.assertNotEqual(chosen.out, spelt.out)  # the end of the turn is missing there
        got = strict_json(self.run_story("--template", "alpaca", "--system", "", "-p", STORY, "--json", *self.GREEDY).out)
        self.assertEqual(got["template"], "alpaca")
        self.assertEqual(got["options"]["template"], "alpaca")
        self.assert_ends(self.run_story("--chat", "--ids", "-p", "1 2"), 2, "--ids")

    def test_turns_from_a_pipe(self):
        done = self.chat("--template", "zephyr", stdin=b"Tom had a cat\n\nThe cat\\\nran\r\nand")
        self.assertEqual((done.status, done.err), (0, ""), done)
        self.assertNotIn(b"> ", done.out)
        first = self.run_story("--template", "zephyr", "-p", "Tom had a cat", *self.GREEDY)
        self.assertEqual(done.out.count(b"\n") >= 3, True, done)
        self.assertTrue(done.out.startswith(first.out), done)
        # The first turn may come from -p, or from a file.
        given = self.chat("--template", "zephyr", "-p", "Tom had a cat", stdin=b"The cat\\\nran\nand\n")
        self.assertEqual(given.out, done.out)
        self.assertEqual(self.chat("--template", "zephyr", stdin=b"").out, b"")

    def test_turns_as_objects(self):
        done = self.chat("--template", "zephyr", "--json", stdin=b"Tom had a cat\nThe cat\n")
        self.assertEqual((done.status, done.err), (0, ""), done)
        one, two = (strict_json(line + b"\n") for line in done.out.splitlines())
        self.assertEqual(one["tokens"]["kept"], 0)
        # What was read and written before is kept, but for the answer's last token, which was not evaluated.
        self.assertEqual(two["tokens"]["kept"], one["tokens"]["prompt"] + one["tokens"]["generated"] - 1)
        self.assertLess(two["tokens"]["prompt"], one["tokens"]["prompt"] + 20)

    def test_a_full_context(self):
        done = self.chat("--template", "zephyr", "--system", "Sing", "-c", "120", "--json", "-v",
                         stdin=b"Tom had a cat\n" * 8 + b"word " * 200 + b"\nTom had a cat\n")
        self.assertEqual(done.status, 1, done)  # one turn was too long
        rows = [strict_json(line + b"\n") for line in done.out.splitlines()]
        self.assertEqual([row["error"]["code"] for row in rows if "error" in row], ["context_full"])
        self.assertEqual(len(rows), 10)
        self.assertIn("old turn", done.err)
        for row in rows:
            if "error" not in row:
                self.assertLessEqual(row["tokens"]["kept"] + row["tokens"]["prompt"], 120)
                self.assertEqual(row["tokens"]["generated"], 12, row)

    def test_a_model_with_an_encoder_answers_each_turn_by_itself(self):
        model = conformance("models", "syn-t5-relu-dm64-kv16-h6-ff128-e2d2-v4096-tied-Q8_0.gguf")
        done = Program.run("-m", model, "--interactive", *self.GREEDY, "--ignore-eos", "--json",
                           "--prompt-cache", temporary("t5 cache"), stdin=b"Hello there\nHello there\n")
        if "not supported" in done.err:
            self.skipTest("built without T5")
        self.assertEqual(done.status, 0, done)
        one, two = (strict_json(line + b"\n") for line in done.out.splitlines())
        self.assertEqual((one["text"], one["tokens"]), (two["text"], two["tokens"]))
        self.assertEqual(done.err.count("--prompt-cache has no effect"), 1)
        self.assertFalse(os.path.exists(temporary("t5 cache")))

    def test_a_terminal(self):
        process, person = Program.start_on_terminal("-m", story_model(), "--interactive", "--template", "zephyr",
                                                    *self.GREEDY)
        read_until(person, b"> ")
        os.write(person, b"Tom had a cat\n")
        shown = read_until(person, b"\r\n> ")  # with the echo: the answer may come together with it
        self.assertTrue(shown.startswith(b"Tom had a cat\r\n"), shown)
        self.assertGreater(len(shown), len(b"Tom had a cat\r\n") + 10)
        os.write(person, b"The cat\n")
        read_until(person, b"\r\n> ")
        os.write(person, b"\x04")  # the end of the input
        self.assertEqual(process.wait(support.TIMEOUT), 0)
        os.close(person)

    def test_ctrl_c_stops_an_answer_and_then_leaves(self):
        process, person = Program.start_on_terminal("-m", slow_model(), "--interactive", "--template", "raw", "-n",
                                                    "50000", "-s", "1", "--ignore-eos")
        read_until(person, b"> ")
        for _ in range(2):
            os.write(person, b"abc\n")
            read_until(person, b"\r\n")
            read_until(person, b"\xef\xbf\xbd")  # the answer has begun: bytes that are no characters
            process.send_signal(signal.SIGINT)
            read_until(person, b"\n> ")
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(support.TIMEOUT), 130)
        os.close(person)

    def test_a_second_ctrl_c_leaves_at_once(self):
        process = Program.start("-m", slow_model(), "--interactive", "--template", "raw", "-n", "50000",
                                "--ignore-eos")
        process.stdin.write(b"abc\n")
        process.stdin.flush()
        process.stdout.read(1)
        process.send_signal(signal.SIGSTOP)  # both arrive before it can act on the first
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        self.assertIn(process.wait(support.TIMEOUT), (130, 143, -signal.SIGINT, -signal.SIGTERM))
        process.communicate()


class PromptCache(Case):
    GREEDY = ("--temp", "0", "-n", "12", "--json")

    def cached(self, path, *arguments):
        done = self.run_story(*self.GREEDY, "--prompt-cache", path, *arguments)
        self.assertEqual(done.status, 0, done)
        return strict_json(done.out), done.err

    def test_the_next_run_reads_only_what_is_different(self):
        for kv in ("f32", "q8"):
            path = temporary("cache " + kv)
            prompt = STORY + " there was a little cat"
            plain = strict_json(self.run_story("-p", prompt, "--kv", kv, *self.GREEDY).out)
            first, err = self.cached(path, "-p", prompt, "--kv", kv)
            self.assertEqual((first["tokens"]["kept"], err), (0, ""))
            again, err = self.cached(path, "-p", prompt, "--kv", kv)
            self.assertEqual((again["tokens"]["prompt"], err), (1, ""))
            self.assertEqual(again["tokens"]["kept"], plain["tokens"]["prompt"] - 1)
            self.assertEqual(plain["text"], first["text"])
            self.assertEqual(plain["text"], again["text"])
            before = os.stat(path).st_mtime_ns
            shorter, _ = self.cached(path, "-p", STORY + " there", "--kv", kv)
            self.assertEqual(shorter["tokens"]["prompt"], 1)
            self.assertEqual(os.stat(path).st_mtime_ns, before)  # it held all that was asked for

    def test_logits_are_the_same_to_the_bit(self):
        path, prompt = temporary("cache of logits"), STORY + " there was a little cat"
        logits = []
        for name in ("without", "made", "used"):
            cache = [] if name == "without" else ["--prompt-cache", path]
            self.assertEqual(self.run_story("-p", prompt, *self.GREEDY, *cache, "--dump-logits",
                                            temporary("logits " + name)).status, 0)
            with open(temporary("logits " + name), "rb") as file:
                logits.append(file.read())
        self.assertEqual(logits[0], logits[1])
        self.assertEqual(logits[0], logits[2])

    def test_a_system_turn_serves_all_questions(self):
        path = temporary("system cache")
        arguments = ["--template", "zephyr", "--system", "You tell stories about a cat and a dog"]
        first, _ = self.cached(path, *arguments, "-p", "Tom had a cat")
        before = os.stat(path).st_mtime_ns
        second, err = self.cached(path, *arguments, "-p", "Lily ran")
        self.assertEqual(err, "")
        self.assertGreater(second["tokens"]["kept"], 10)
        self.assertEqual(second["text"], strict_json(self.run_story(*arguments, "-p", "Lily ran", *self.GREEDY).out)["text"])
        self.assertEqual(os.stat(path).st_mtime_ns, before)
        dialogue = self.run_story(*self.GREEDY, *arguments, "--interactive", "--prompt-cache", path, stdin=b"Lily ran\n")
        self.assertEqual(strict_json(dialogue.out)["tokens"], second["tokens"])

    def test_files_that_do_not_fit_are_replaced(self):
        good = temporary("good cache")
        self.cached(good, "-p", STORY)
        with open(good, "rb") as file:
            content = file.read()
        other = conformance("models", "llama2xs-F32.gguf")
        damaged = bytearray(content)
        damaged[len(content) // 2] ^= 1
        for name, bad, words in (("cut", content[:-9], "bytes"), ("damaged", bytes(damaged), "checksum"),
                                       ("empty", b"", "0 bytes")):
            with self.subTest(name=name):
                path = write("cache " + name, bad)
                got, err = self.cached(path, "-p", STORY)
                self.assertEqual(got["tokens"]["kept"], 0)
                self.assertRegex(err, "^llmzero-run: note: .*%s.*; the prompt is read anew\n$" % words)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), content)
        done = Program.run("-m", other, "-p", STORY, *self.GREEDY, "--prompt-cache", good)
        self.assertIn("another model", done.err)
        again = Program.run("-m", other, "-p", STORY, *self.GREEDY, "--prompt-cache", good)
        self.assertEqual((again.err, strict_json(again.out)["tokens"]["prompt"]), ("", 1))

    def test_a_file_that_is_no_cache_is_left_alone(self):
        content = b"Dear diary, this is no cache, it is a text."
        path = write("diary", content)
        got, err = self.cached(path, "-p", STORY)
        self.assertEqual(got["tokens"]["kept"], 0)
        self.assertRegex(err, "^llmzero-run: note: .*is no prompt cache: it is left as it is, and the prompt is read anew\n$")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), content)

    def test_a_dialogue_without_a_system_turn_keeps_nothing_and_says_so(self):
        path = temporary("no system cache")
        done = self.run_story(*self.GREEDY, "--interactive", "--prompt-cache", path, stdin=b"Lily ran\n")
        self.assertIn("--prompt-cache has no effect", done.err)
        self.assertFalse(os.path.exists(path))

    def test_a_place_that_cannot_be_written_is_said(self):
        for path, words in (("/nowhere/cache", "No such file"), (Program.folder, "no"), ("/dev/null", "regular file")):
            with self.subTest(path=path):
                done = self.run_story("-p", STORY, *self.GREEDY, "--prompt-cache", path)
                self.assertEqual(done.status, 0, done)
                self.assertIn("note: ", done.err)
                self.assertIn(words, done.err)

    def test_a_full_disk_leaves_the_old_file(self):
        path = temporary("full cache")
        self.cached(path, "-p", STORY)
        with open(path, "rb") as file:
            content = file.read()
        done = self.run_story("-p", STORY + " there was a little cat", *self.GREEDY, "--prompt-cache", path,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (len(content), len(content))))
        self.assertEqual(done.status, 0, done)
        self.assertIn("the prompt cache is not kept", done.err)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), content)
        self.assertFalse(os.path.exists(path + ".new"))


class Models(Case):
    def test_every_malformed_file_is_refused_with_a_reason(self):
        with open(conformance("bad", "INDEX.json"), encoding="utf-8") as file:
            index = json.load(file)
        self.assertGreater(len(index), 100)
        for entry in index:
            with self.subTest(file=entry["file"], what=entry["what"]):
                done = Program.run("-m", conformance("bad", entry["file"]), "-p", "a", "-n", "1", "--temp", "0")
                if entry["must"] == "reject":
                    self.assert_ends(done, 3, entry["file"])
                elif entry["must"] == "accept" and "not supported" not in done.err:
                    self.assertEqual(done.status, 0, done)
                self.assertIn(done.status, (0, 3), done)

    def test_files_that_are_no_models(self):
        self.assert_ends(Program.run("-m", temporary("missing"), "-p", "a"), 1, "missing")
        self.assert_ends(Program.run("-m", Program.folder, "-p", "a"), 1, Program.folder)
        self.assert_ends(Program.run("-m", write("text", b"Dear diary"), "-p", "a"), 3, "text")
        self.assert_ends(Program.run("-m", write("nothing", b""), "-p", "a"), 3, "nothing")

    def test_memory_budget(self):
        for arguments in (["--memory", "100K"], ["--memory", "1100K", "-c", "512"]):
            self.assert_ends(self.run_story("-p", "a", "-n", "1", *arguments), 4, "needs", "budget")
        # What remains for the context is used, not more.
        got = strict_json(self.run_story("-p", STORY, "-n", "500", "--memory", "1300K", "--json").out)
        self.assertLess(got["model"]["context"], 500)
        self.assertLessEqual(got["model"]["memory_bytes"], 1300 * 1024)

    def test_options_that_cost_memory(self):
        def memory(*arguments):
            return strict_json(self.run_story("-p", "a", "-n", "1", "-c", "400", "--json", *arguments).out)["model"][
                "memory_bytes"]
        self.assertGreater(memory("--batch", "256"), memory("--batch", "1"))
        self.assertGreater(memory("--kv", "f32"), memory("--kv", "q8"))
        self.assertGreater(memory("-c", "500"), memory())

    def test_the_built_in_model(self):
        done = Program.run("-p", STORY, "-n", "4", "--temp", "0")
        if done.status == 2 and "without a model" in done.err:
            self.skipTest("built without a model")
        self.assertEqual((done.status, done.err), (0, ""), done)
        self.assertGreater(len(done.out), len(STORY))


class Encoder(Case):
    """A model that answers a text instead of continuing it."""
    MODEL = "syn-t5-gated-dm64-kv16-h6-ff128-e2d2-v4096-untied-F16"
    GREEDY = ("--temp", "0", "-n", "48", "--ignore-eos")

    def run_t5(self, *arguments, **keywords):
        return Program.run("-m", conformance("models", self.MODEL + ".gguf"), *arguments, **keywords)

    def expected(self):
        with open(conformance("expected", self.MODEL + ".json"), encoding="utf-8") as file:
            return json.load(file)

    def test_answers_as_on_record_without_the_prompt(self):
        for prompt in self.expected()["prompts"]:
            with self.subTest(prompt=prompt["name"]):
                done = self.run_t5("-p", prompt["text"], *self.GREEDY)
                self.assertEqual((done.status, done.err), (0, ""), done)
                self.assertEqual(done.out, bytes.fromhex(prompt["greedy_text_hex"]))
                ids = " ".join(map(str, prompt["source_ids"]))
                self.assertEqual(self.run_t5("--ids", "-f", "-", *self.GREEDY, stdin=ids.encode()).out, done.out)

    def test_counts_and_the_context(self):
        prompt = self.expected()["prompts"][1]
        n = len(prompt["source_ids"])
        for wanted in (0, 1, 5):
            with self.subTest(wanted=wanted):
                got = strict_json(self.run_t5("-p", prompt["text"], "--temp", "0", "-n", str(wanted), "--ignore-eos",
                                              "--json").out)
                self.assertEqual(got["tokens"]["prompt"], n)
                self.assertEqual(got["tokens"]["generated"], wanted)
                self.assertEqual(got["model"]["context"], n + max(wanted, 1))
        small = self.run_t5("-p", prompt["text"], "-c", str(n))
        self.assertNotEqual(small.status, 0)
        self.assertIn("a source of %d tokens does not fit" % n, small.err)

    def test_the_logits_of_every_step(self):
        prompt = self.expected()["prompts"][0]
        path = temporary("t5-logits")
        done = self.run_t5("-p", prompt["text"], "--temp", "0", "-n", "2", "--ignore-eos", "--dump-logits", path)
        self.assertEqual(done.status, 0, done)
        with open(path, "rb") as file:
            rows = file.read()
        self.assertEqual(len(rows), 2 * 4096 * 4)
        first = array.array("f", rows[:4096 * 4])
        self.assertEqual(max(range(4096), key=lambda i: first[i]), prompt["greedy_ids"][0])


class Logits(Case):
    def test_rows(self):
        prompt = expected_story()["prompts"][0]
        vocabulary = 512
        path = temporary("logits")
        ids = " ".join(map(str, prompt["prompt_ids"]))
        done = self.run_story("--ids", "-p", ids, "-n", "8", "--temp", "0", "--ignore-eos", "--dump-logits", path)
        self.assertEqual(done.status, 0, done)
        rows = array.array("f")
        with open(path, "rb") as file:
            rows.frombytes(file.read())
        if sys.byteorder == "big":
            rows.byteswap()
        self.assertEqual(len(rows), 8 * vocabulary)  # the prompt's end and 7 tokens; the 8th is not evaluated
        for step in range(8):
            row = rows[step * vocabulary:(step + 1) * vocabulary]
            self.assertEqual(max(range(vocabulary), key=row.__getitem__), prompt["greedy_ids"][step])

    def test_an_existing_file_is_left_as_it_is(self):
        path = write("precious", b"precious")
        self.assert_ends(self.run_story("-p", "a", "-n", "1", "--dump-logits", path), 1, "exists already")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"precious")

    def test_a_full_disk_keeps_whole_rows(self):
        path = temporary("cut")
        done = self.run_story("-p", "a", "-n", "10", "--ignore-eos", "--no-display-prompt", "--dump-logits", path,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)))
        self.assertEqual((done.status, done.err), (1, "llmzero-run: %s: File too large\n" % path), done)
        self.assertEqual(os.path.getsize(path), 2 * 512 * 4)

    def test_a_run_that_fails_leaves_no_file(self):
        path = temporary("not made")
        self.assertEqual(self.run_story("-p", "word " * 1000, "--dump-logits", path).status, 1)
        self.assertFalse(os.path.exists(path))


class Streams(Case):
    def test_a_reader_that_goes_away(self):
        process = Program.start("-m", slow_model(), "-p", "a", "-n", "50000", "--ignore-eos", stdin=subprocess.DEVNULL)
        process.stdout.read(1)
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        self.assertEqual((process.wait(support.TIMEOUT), err), (141, b""))

    def test_help_into_nowhere(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(Program.run("--help", stdout=full).status, 1)

    def test_a_full_disk(self):
        for arguments in ([], ["--json"]):
            with open("/dev/full", "wb") as full:
                done = self.run_story("-p", "a", "-n", "4", *arguments, stdout=full)
            self.assertEqual(done.status, 1, done)
            self.assertIn("No space left on device", done.err)

    def test_a_closed_standard_output_is_no_place_for_text(self):
        path = temporary("logits of a closed run")
        done = self.run_story("-p", "a", "-n", "4", "--dump-logits", path, preexec_fn=lambda: os.close(1))
        self.assertEqual(done.status, 1, done)
        self.assertFalse(os.path.exists(path) and os.path.getsize(path) % 2048, "text in the logits")

    def test_standard_error_may_be_closed(self):
        done = subprocess.run(Program.command + ["-m", story_model(), "-p", STORY, "-n", "4", "--temp", "0", "-v"],
                              stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2), stdin=subprocess.DEVNULL,
                              env=Program.environment(), timeout=support.TIMEOUT)
        self.assertEqual((done.returncode, done.stdout), (0, self.run_story("-p", STORY, "-n", "4", "--temp", "0").out))

    def test_text_streams(self):
        process = Program.start("-m", slow_model(), "-p", "a", "-n", "50000", "--ignore-eos", stdin=subprocess.DEVNULL)
        read_until(process.stdout.fileno(), b"a")
        read_until(process.stdout.fileno(), b"")
        self.assertIsNone(process.poll())  # text is there long before the end
        process.kill()
        process.communicate()


class Signals(Case):
    def interrupt(self, process, times=1, number=signal.SIGINT):
        for _ in range(times):
            process.send_signal(number)
            time.sleep(0.05)
        out, err = process.communicate(timeout=support.TIMEOUT)
        return support.Outcome(process.returncode, out, err.decode())

    def test_while_text_is_written(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = Program.start("-m", slow_model(), "-p", "abc", "-n", "50000", "--ignore-eos", stdin=subprocess.DEVNULL)
            start = read_until(process.stdout.fileno(), b"abc")
            done = self.interrupt(process, number=number)
            self.assertEqual(done.status, status, done)
            self.assertRegex(done.err, r"^\[ prompt \d+ tokens.*seed \d+; stopped: cancelled \]\n$")
            self.assertTrue(start.startswith(b"abc"))

    def test_while_no_text_comes_and_with_json(self):
        process = Program.start("-m", slow_model(), "-p", "abc", "-n", "50000", "--ignore-eos", "--temp", "0", "--json",
                                "--dump-logits", temporary("interrupted logits"), stdin=subprocess.DEVNULL)
        while not os.path.exists(temporary("interrupted logits")) or \
                os.path.getsize(temporary("interrupted logits")) == 0:
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        done = self.interrupt(process)
        self.assertEqual(done.status, 130, done)
        self.assertEqual(strict_json(done.out)["stop_reason"], "cancelled")
        self.assertEqual(strict_json(done.out)["text"], "")
        self.assertEqual(os.path.getsize(temporary("interrupted logits")) % (288 * 4), 0)

    def test_while_the_prompt_is_read(self):
        prompt = write("long prompt", b"abcdefgh" * 10000)
        process, person = Program.start_on_terminal("-m", slow_model(), "-f", prompt, terminal_for=("stderr",))
        read_until(person, b"reading the prompt: ")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(support.TIMEOUT), 130)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(process.stdout.read(), b"")
        self.assertIn(b"stopped: cancelled", read_until(person, None))
        process.communicate()
        os.close(person)

    def test_while_standard_input_is_read(self):
        process = Program.start("-m", story_model())
        process.stdin.write(b"abc")
        process.stdin.flush()
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(support.TIMEOUT), 130)
        self.assertEqual(process.stdout.read(), b"")
        self.assertIn(b"interrupted", process.stderr.read())
        process.communicate()

    def test_the_second_ends_it_at_once(self):
        process = Program.start("-m", story_model())
        time.sleep(1.0)
        process.send_signal(signal.SIGSTOP)  # both arrive before it can act on the first
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        self.assertIn(process.wait(support.TIMEOUT), (130, 143))
        process.communicate()

    def test_a_background_job_of_a_script_is_not_interrupted(self):
        process = Program.start("-m", story_model(), "-n", "2", "-p", "a", "-f", "-",
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        process.communicate()
        process = Program.start("-m", story_model(), "-n", "2", "--temp", "0",
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(STORY.encode(), timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 0)
        self.assertTrue(out.startswith(STORY.encode()))


class Terminal(Case):
    def on_terminal(self, *arguments):
        process, person = Program.start_on_terminal("-m", story_model(), *arguments)
        shown = read_until(person, None).decode("utf-8", "replace").replace("\r\n", "\n")
        os.close(person)
        return process.wait(support.TIMEOUT), shown

    def test_text_ends_its_line_and_statistics_follow(self):
        status, shown = self.on_terminal("-p", STORY, "-n", "4", "--temp", "0")
        self.assertEqual(status, 0)
        self.assertRegex(shown, r"^Once upon a time, there was a\n\[ prompt 5 tokens.*\]\n$")

    def test_text_cannot_steer_the_terminal(self):
        status, shown = self.on_terminal("-p", "a\x1b[31m\x9b\rb", "-n", "0")
        self.assertEqual(status, 0)
        self.assertNotIn("\x1b", shown)
        self.assertIn("a\ufffd[31m", shown)
        self.assertIn("\x1b[31m", self.run_story("-p", "\x1b[31m", "-n", "0").out.decode())  # a file gets it all

    def test_json_on_a_terminal_is_json(self):
        status, shown = self.on_terminal("-p", STORY, "-n", "4", "--json")
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(shown.splitlines()[0])["tokens"]["generated"], 4)

    def test_without_a_prompt_it_says_how_to_give_one(self):
        status, shown = self.on_terminal()
        self.assertEqual(status, 2)
        self.assertIn("there is no prompt", shown)
        self.assertIn("usage:", shown)

    def test_a_prompt_typed_in(self):
        process, person = Program.start_on_terminal("-m", story_model(), "-f", "-", "-n", "4", "--temp", "0")
        read_until(person, b"Ctrl-D")
        os.write(person, STORY.encode() + b"\n\x04")
        shown = read_until(person, None)
        os.close(person)
        self.assertEqual(process.wait(support.TIMEOUT), 0)
        self.assertIn(b"Once upon a time, there was a", shown.replace(b"\r\n", b"\n"))

    def test_progress_is_drawn_and_erased(self):
        process, person = Program.start_on_terminal("-m", slow_model(), "-p", "abcd" * 300, "-n", "1")
        shown = read_until(person, b"stopped: ").decode()
        process.wait(support.TIMEOUT)
        os.close(person)
        if "reading the prompt: " in shown:  # a fast machine is done before the line is due
            drawn, rest = shown.rsplit("tokens", 1)[0], shown[shown.index("abcdabcd"):]
            self.assertRegex(drawn, r"reading the prompt: \d+ of 1204 ")
            self.assertTrue(shown[:shown.index("abcdabcd")].endswith("\r\x1b[K"))
            self.assertNotIn("reading", rest)


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
