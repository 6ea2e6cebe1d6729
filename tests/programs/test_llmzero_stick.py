"""llmzero-stick from outside: a folder of text files, the built-in model. See support.py for how to run it."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import support
from support import Program

OPENING = re.compile(rb"--- llmzero: [^\n]*, \d+ tokens?( and cut there)?, \d+ lines?, \d+\.\d s ---\r?\n")
CLOSING = b"--- llmzero: write below this line to go on ---"
SETTINGS = b"max tokens = 6\ntemperature = 0\n"
OWN = {"README.TXT", "SETTINGS.TXT", "STATUS.TXT"}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=Program.folder)
        self.addCleanup(shutil.rmtree, self.folder)
        self.save("SETTINGS.TXT", SETTINGS)

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def serve_once(self, *arguments):
        done = Program.run("--dir", self.folder, "--once", *arguments)
        self.assertEqual(done.out, b"", done)
        return done

    def serve_well(self, *arguments):
        done = self.serve_once(*arguments)
        self.assertEqual((done.status, done.err), (0, ""), done)

    def added(self, name, saved):
        """What is behind the user's bytes."""
        content = self.read(name)
        self.assertEqual(content[:len(saved)], saved)
        return content[len(saved):]

    def assert_answered(self, name, saved):
        added = self.added(name, saved)
        self.assertEqual(len(OPENING.findall(added)), 1, added)
        self.assertTrue(added.endswith(CLOSING + b"\n") or added.endswith(CLOSING + b"\r\n"), added)
        return added

    def names(self):
        return {os.path.relpath(os.path.join(place, name), self.folder)
                for place, _, names in os.walk(self.folder) for name in names}


class CommandLine(Case):
    def test_help_and_version(self):
        done = Program.run("--help")
        self.assertEqual((done.status, done.err), (0, ""), done)
        self.assertIn(b"usage: llmzero-stick --dir", done.out)
        self.assertTrue(Program.run("--version").out.startswith(b"llmzero-stick "))

    def test_mistakes(self):
        for arguments in ([], ["--dir"], ["--dir", ""], ["--dir", "a", "--image", "b"], ["--drive", "a"]):
            done = Program.run(*arguments)
            self.assertEqual(done.status, 2, done)
            self.assertIn("usage: ", done.err)
        done = Program.run("--dir", self.path("none"), "--once")
        self.assertEqual(done.status, 1, done)
        self.assertIn("No such file", done.err)


class Once(Case):
    def test_own_files_are_there_from_the_start(self):
        os.remove(self.path("SETTINGS.TXT"))
        self.serve_well()
        self.assertEqual(self.names(), OWN)
        self.assertEqual(self.read("README.TXT").count(b"\r\n"), 10)
        before = self.read("SETTINGS.TXT")
        self.serve_well()
        self.assertEqual(self.read("SETTINGS.TXT"), before)

    def test_a_conversation_of_three_turns(self):
        saved = b"Once upon a time there was a fox.\n"
        self.save("a.txt", saved)
        for more in (b"The fox met a bear.\n", b"\nThey were friends.", b""):
            self.serve_well()
            self.assert_answered("a.txt", saved)
            answered = self.read("a.txt")
            self.serve_well()
            self.assertEqual(self.read("a.txt"), answered)
            saved = answered + more
            self.save("a.txt", saved)

    def test_the_same_seed_gives_the_same_answer(self):
        texts = []
        for _ in range(2):
            self.save("SETTINGS.TXT", b"max tokens = 12\ntemperature = 1\nseed = 5\n")
            self.save("a.txt", b"Tim had a ball.")
            self.serve_well()
            texts.append(OPENING.sub(b"", self.read("a.txt")))
        self.assertEqual(texts[0], texts[1])

    def test_an_empty_file_is_named_by_its_prompt(self):
        self.save("Once upon a time there was a dog.txt", b"")
        self.save("empty.lock", b"")
        self.serve_well()
        self.assert_answered("Once upon a time there was a dog.txt", b"")
        self.assertEqual(self.read("empty.lock"), b"")

    def test_encodings_and_line_ends(self):
        cases = {
            "bom.txt": b"\xef\xbb\xbfThe fox\n",
            "crlf.txt": b"The fox\r\nran.\r\n",
            "no-end.txt": b"The fox",
            "latin1.txt": b"The caf\xe9\r\n",
            "emoji.md": "The fox \U0001f98a".encode(),
        }
        for name, content in cases.items():
            self.save(name, content)
        utf16 = {"le.txt": ("utf-16-le", b"\xff\xfe"), "be.txt": ("utf-16-be", b"\xfe\xff")}
        for name, (encoding, mark) in utf16.items():
            self.save(name, mark + "The fox \u00e9\r\n".encode(encoding))
        self.serve_well()
        for name, content in cases.items():
            added = self.assert_answered(name, content)
            self.assertEqual(added.count(b"\n"), added.count(b"\r\n") if b"\r" in content else added.count(b"\n"))
        for name, (encoding, mark) in utf16.items():
            saved = mark + "The fox \u00e9\r\n".encode(encoding)
            added = self.added(name, saved).decode(encoding)
            self.assertTrue(added.endswith(CLOSING.decode() + "\r\n"), added)
            self.assertNotIn("\ufeff", added)
        before = {name: self.read(name) for name in list(cases) + list(utf16)}
        self.serve_well()
        self.assertEqual(before, {name: self.read(name) for name in before})

    def test_names(self):
        names = ["caf\u00e9 \U0001f600.txt", "\u05e9\u05dc\u05d5\u05dd.txt", "x" * 200 + ".TXT", "a/b c/d.txt",
                 "-f.txt", "new\nline.txt"]
        for name in names:
            self.save(name, b"The fox\n")
        self.serve_well()
        for name in names:
            self.assert_answered(name, b"The fox\n")

    def test_what_is_left_alone(self):
        outside = tempfile.mkdtemp(dir=Program.folder)
        self.addCleanup(shutil.rmtree, outside)
        with open(os.path.join(outside, "o.txt"), "wb") as file:
            file.write(b"outside")
        litter = {"._a.txt": b"x", "~$a.txt": b"x", "a.tmp": b"x", "System Volume Information/a.txt": b"x",
                  ".Trashes/a.txt": b"x", "a.doc": b"x", "binary.txt": b"a\0b", "blank.txt": b"\r\n \r\n",
                  "huge.txt": b"x" * (256 * 1024 + 1), "New Text Document.txt": b""}
        for name, content in litter.items():
            self.save(name, content)
        os.symlink(outside, self.path("out"))
        os.symlink(os.path.join(outside, "o.txt"), self.path("link.txt"))
        self.serve_well()
        for name, content in litter.items():
            self.assertEqual(self.read(name), content, name)
        with open(os.path.join(outside, "o.txt"), "rb") as file:
            self.assertEqual(file.read(), b"outside")
        self.assertEqual(self.names() - OWN, set(litter) | {"link.txt"})

    def test_a_question_that_is_too_long(self):
        saved = b"The fox met a bear. " * 2000
        self.save("long.txt", saved)
        self.serve_well()
        self.assertIn(b"\n--- llmzero: no answer, 1 line ---\nThe question is too long: ", self.added("long.txt", saved))

    def test_a_mistake_in_the_settings(self):
        self.save("SETTINGS.TXT", b"max tokens = many\r\ntemperature = 0\r\n")
        self.save("a.txt", b"The fox")
        self.serve_well()
        self.assert_answered("a.txt", b"The fox")
        explained = b"max tokens = many\r\n#! 'many' is not a whole number from 1 to 65536; 256 is used\r\ntemperature = 0\r\n"
        self.assertEqual(self.read("SETTINGS.TXT"), explained)
        self.assertIn(b"In SETTINGS.TXT: 'many' is not", self.read("STATUS.TXT"))
        self.save("SETTINGS.TXT", explained.replace(b"= many", b"= 4"))
        self.serve_well()
        self.assertEqual(self.read("SETTINGS.TXT"), b"max tokens = 4\r\ntemperature = 0\r\n")

    def test_a_model_that_is_missing_or_broken(self):
        for content in (None, b"GGUF, but not really"):
            if content is not None:
                self.save("x.gguf", content)
            self.save("a.txt", b"The fox")
            done = self.serve_once("--model", self.path("x.gguf"))
            self.assertEqual(done.status, 0, done)
            self.assertIn("x.gguf cannot be used", done.err)
            self.assertIn(b"  x.gguf cannot be used", self.read("STATUS.TXT"))
            self.assert_answered("a.txt", b"The fox")

    def test_a_folder_that_cannot_be_written(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        self.save("a.txt", b"The fox")
        os.chmod(self.folder, 0o555)
        os.chmod(self.path("a.txt"), 0o444)
        self.addCleanup(os.chmod, self.folder, 0o755)
        done = self.serve_once()
        self.assertEqual(done.status, 1, done)
        self.assertIn("Permission denied", done.err)


@unittest.skipUnless(shutil.which("mkfs.vfat") and shutil.which("mcopy"), "needs dosfstools and mtools")
class Image(Case):
    """A FAT image, looked at with mtools and fsck.vfat."""

    def setUp(self):
        super().setUp()
        self.image = self.path("stick.img")
        self.tool("mkfs.vfat", "-C", "-F", "16", self.image, "16384")
        self.put("SETTINGS.TXT", SETTINGS)

    def tool(self, *words):
        env = dict(os.environ, MTOOLS_SKIP_CHECK="1", LC_ALL="C.UTF-8")
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env).stdout

    def put(self, name, content):
        self.save("copy", content)
        self.tool("mcopy", "-o", "-i", self.image, self.path("copy"), "::" + name)

    def serve_image(self):
        done = Program.run("--image", self.image, "--once")
        self.assertEqual((done.status, done.err), (0, ""), done)
        self.tool("fsck.vfat", "-n", self.image)

    def test_conversations(self):
        saved = {"a.txt": b"The fox\r\n", "A longer name of a file.txt": b"The bear", "sub/b.txt": b"The fox ran. " * 50,
                 "Once upon a time.txt": b"", "left.doc": b"alone"}
        self.tool("mmd", "-i", self.image, "::sub")
        for name, content in saved.items():
            self.put(name, content)
        for _ in range(2):
            self.serve_image()
            for name, content in saved.items():
                got = self.tool("mtype", "-i", self.image, "::" + name)
                self.assertEqual(got[:len(content)], content)
                self.assertEqual(len(OPENING.findall(got[len(content):])), 0 if name == "left.doc" else 1, got)
        self.assertIn(b"Answers since the start: 0\r\n", self.tool("mtype", "-i", self.image, "::STATUS.TXT"))
        self.assertEqual(self.tool("mtype", "-i", self.image, "::README.TXT").count(b"\r\n"), 10)

    def test_a_full_volume(self):
        self.serve_image()
        free = 1
        while free:  # to the last cluster
            listing = self.tool("mdir", "-i", self.image, "::").decode()
            free = int(re.sub(r"[^0-9]", "", re.search(r"([0-9 ]+) bytes free", listing)[1]))
            if free:
                self.put("filler%d.bin" % free, b"f" * free)
        self.put("a.txt", b"")
        self.tool("mren", "-i", self.image, "::a.txt", "Once upon a time.txt")
        done = Program.run("--image", self.image, "--once")
        self.assertEqual(done.status, 1, done)
        self.assertIn("the volume is full", done.err)
        self.assertIn(b"Last error: the volume is full", self.tool("mtype", "-i", self.image, "::STATUS.TXT"))
        self.assertEqual(self.tool("mtype", "-i", self.image, "::Once upon a time.txt"), b"")
        self.tool("fsck.vfat", "-n", self.image)
        self.tool("mdel", "-i", self.image, "::filler*.bin")
        self.serve_image()
        self.assertEqual(len(OPENING.findall(self.tool("mtype", "-i", self.image, "::Once upon a time.txt"))), 1)
        self.assertIn(b"Last error: none", self.tool("mtype", "-i", self.image, "::STATUS.TXT"))

    def test_what_a_host_left_unfinished(self):
        """A host was pulled out while it wrote: the volume is marked as in use, clusters belong to no file."""
        self.put("a.txt", b"The fox\r\n")
        with open(self.image, "r+b") as volume:
            head = volume.read(512)
            table = int.from_bytes(head[14:16], "little") * 512
            volume.seek(0x25)
            volume.write(b"\1")
            volume.seek(table + 2 * 1000)
            volume.write(b"\xff\xff")  # in one copy only
        self.serve_image()
        got = self.tool("mtype", "-i", self.image, "::a.txt")
        self.assertEqual(len(OPENING.findall(got)), 1, got)

    def test_what_is_no_image(self):
        kinds = {b"no FAT" * 1000: "no FAT volume", b"\xeb\x76\x90EXFAT   ".ljust(510, b"\0") + b"\x55\xaa": "an exFAT volume",
                 b"\xeb\x52\x90NTFS    ".ljust(510, b"\0") + b"\x55\xaa": "an NTFS volume"}
        for content, kind in kinds.items():
            content = content.ljust(65536, b"\0")
            self.save("none.img", content)
            done = Program.run("--image", self.path("none.img"), "--once")
            self.assertEqual(done.status, 1, done)
            self.assertIn("none.img: " + kind, done.err)
            self.assertEqual(self.read("none.img"), content)


class Live(Case):
    """A service that runs while files are saved."""

    def start(self, *arguments):
        process = Program.start("--dir", self.folder, *arguments)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.wait_for(lambda: b"is ready" in self.status())
        return process

    def status(self):
        return self.read("STATUS.TXT") if os.path.exists(self.path("STATUS.TXT")) else b""

    def wait_for(self, holds):
        end = time.monotonic() + support.TIMEOUT
        while not holds():
            self.assertLess(time.monotonic(), end, self.status())
            time.sleep(0.02)

    def wait_for_answer(self, name):
        self.wait_for(lambda: self.read(name).rstrip().endswith(CLOSING))

    def stop(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        process.communicate(timeout=support.TIMEOUT)
        return process.returncode

    def test_a_day(self):
        process = self.start()
        saved = {"%d.txt" % i: b"Story number %d" % i for i in range(20)}
        saved["folder/made/later.txt"] = b"The fox"
        for name, content in saved.items():
            self.save(name, content)
        for name in saved:
            self.wait_for_answer(name)
        for name, content in saved.items():
            self.assert_answered(name, content)
        more = self.read("1.txt") + b"And then?\n"
        self.save("1.txt", more)
        self.wait_for_answer("1.txt")
        self.assert_answered("1.txt", more)
        self.wait_for(lambda: b"Answers since the start: 22\r\n" in self.status())
        other = Program.run("--dir", self.folder, "--once")
        self.assertEqual(other.status, 1, other)
        self.assertIn("another llmzero-stick", other.err)
        self.assertEqual(self.stop(process), 143)
        self.assertTrue(self.status().startswith(b"llmzero is not running"))

    def test_changed_deleted_and_ended_in_mid_answer(self):
        model = os.path.join(Program.folder, "slow.gguf")
        # More than caches hold, so that an answer takes seconds; an emulated processor is slow enough with less.
        support.write_slow_model(model, ff=32768 if len(Program.command) > 1 else 262144)
        self.save("SETTINGS.TXT", b"max tokens = 30000\ntemperature = 0\n")
        process = self.start("--model", model)
        self.save("a.txt", b"a")
        self.wait_for(lambda: b"a.txt" in self.status().split(b"\r\n")[0])
        os.remove(self.path("a.txt"))
        self.wait_for(lambda: b"is ready" in self.status())
        self.assertFalse(os.path.exists(self.path("a.txt")))
        self.save("b.txt", b"b")
        self.wait_for(lambda: b"b.txt" in self.status().split(b"\r\n")[0])
        self.save("SETTINGS.TXT", b"max tokens = 1\ntemperature = 0\n")
        self.save("b.txt", b"bc")
        self.wait_for_answer("b.txt")
        self.assertIn(b"--- llmzero: no answer", self.added("b.txt", b"bc"))  # this model has nothing to say
        self.save("SETTINGS.TXT", b"max tokens = 30000\ntemperature = 0\n")
        time.sleep(3)
        self.save("c.txt", b"c")
        self.wait_for(lambda: b"c.txt" in self.status().split(b"\r\n")[0])
        self.assertEqual(self.stop(process, signal.SIGINT), 130)
        self.assertEqual(self.read("c.txt"), b"c")


if __name__ == "__main__":
    support.main(sys.modules["__main__"])
