"""tools/get-model.sh against a server on this machine: downloads, resumes, and everything that may go wrong.

    python3 test_get_model.py --script tools/get-model.sh [name ...]
"""
import argparse
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

CONTENT = bytes((i * i + i // 251) % 256 for i in range(300000))
TIMEOUT = 120


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT as /model.gguf, with ranges; /no-ranges the same without; /cut breaks off in the middle."""
    requests = []

    def do_GET(self):
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        Handler.requests.append((self.path, int(wanted.group(1)) if wanted else None))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/model.gguf")
            self.send_header("Connection", "close") # else wget may ask again on this one
            self.end_headers()
            return
        if self.path == "/busy":
            self.send_error(503)
            return
        if self.path not in ("/model.gguf", "/no-ranges", "/cut"):
            self.send_error(404)
            return
        start = int(wanted.group(1)) if wanted and self.path != "/no-ranges" else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(CONTENT) - 1, len(CONTENT)))
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:start + 100000] if self.path == "/cut" else CONTENT[start:])

    def log_message(self, *_):
        pass


class GetModel(unittest.TestCase):
    tool = "curl"
    script = ""

    @classmethod
    def setUpClass(cls):
        if shutil.which(cls.tool) is None:
            raise unittest.SkipTest("there is no " + cls.tool)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cls.address = "http://127.0.0.1:%d" % cls.server.server_port
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = os.path.join(self.place.name, "a folder")
        self.target = os.path.join(self.folder, "model.gguf")
        self.part = self.target + ".part"
        # The programs that the script may use, so that it has one of curl and wget, not both.
        self.programs = os.path.join(self.place.name, "bin")
        os.makedirs(self.programs)
        for name in ("awk", "cat", "cut", "date", "df", "dirname", "grep", "mkdir", "mv", "paste", "printf", "rm", "sed",
                     "sha256sum", "sh", "tail", "tr", "wc", self.tool):
            os.symlink(shutil.which(name), os.path.join(self.programs, name))
        Handler.requests.clear()

    def tearDown(self):
        self.place.cleanup()

    def run_script(self, *words, path="/model.gguf", size=None, digest=None, file="model.gguf", address=None):
        size = len(CONTENT) if size is None else size
        digest = hashlib.sha256(CONTENT).hexdigest() if digest is None else digest
        row = ["tiny", "llama", file, str(size), digest, "-", "MIT", (address or self.address) + path]
        lists = os.path.join(self.place.name, "list.tsv")
        with open(lists, "w") as out:
            out.write("# a comment\n\nname\tarchitecture\tfile\tbytes\tsha256\tmemory\tlicence\turl\n")
            out.write("tiny-2\tt5\tother.gguf\t2000000\t-\t3000000\tApache-2.0\thttp://127.0.0.1:1/\n")
            out.write("\t".join(row) + "\n")
        environment = {"PATH": self.programs, "LLMZERO_MODEL_LIST": lists, "LC_ALL": "C"}
        done = subprocess.run(["sh", self.script, *words], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT, text=True)
        self.said = done.stdout + done.stderr
        return done.returncode

    def get(self, **how):
        return self.run_script("tiny", self.folder, **how)

    def put(self, path, content):
        os.makedirs(self.folder, exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def check_complete(self):
        with open(self.target, "rb") as file:
            self.assertEqual(file.read(), CONTENT)
        self.assertFalse(os.path.exists(self.part))

    def check_nothing_under_the_name(self):
        self.assertFalse(os.path.exists(self.target), self.said)

    def test_lists_the_models_without_a_name(self):
        self.assertEqual(self.run_script(), 0)
        self.assertRegex(self.said, r"tiny +llama +0 MB +\? +MIT")
        self.assertRegex(self.said, r"tiny-2 +t5 +2 MB +3 MB +Apache-2.0")
        self.assertEqual(self.run_script("--help"), 0)
        self.assertIn("tools/get-model.sh NAME", self.said)

    def test_downloads(self):
        self.assertEqual(self.get(), 0, self.said)
        self.check_complete()
        self.assertIn("its hash is right", self.said)

    def test_follows_to_another_address(self):
        self.assertEqual(self.get(path="/moved"), 0, self.said)
        self.check_complete()

    def test_a_file_that_is_there_is_not_downloaded_again(self):
        self.put(self.target, CONTENT)
        self.assertEqual(self.get(), 0, self.said)
        self.assertEqual(Handler.requests, [])
        for wrong in (CONTENT[:-1], CONTENT[:-1] + b"x"):
            self.put(self.target, wrong)
            self.assertEqual(self.get(), 1)
            self.assertIn("is there already, but has", self.said)
            with open(self.target, "rb") as file:
                self.assertEqual(file.read(), wrong)  # somebody's file stays as it is

    def test_goes_on_where_it_was_cut(self):
        self.put(self.part, CONTENT[:123456])
        self.assertEqual(self.get(), 0, self.said)
        self.check_complete()
        self.assertEqual(Handler.requests, [("/model.gguf", 123456)])

    def test_a_complete_part_is_only_checked(self):
        self.put(self.part, CONTENT)
        self.assertEqual(self.get(), 0, self.said)
        self.check_complete()
        self.assertEqual(Handler.requests, [])

    def test_a_part_that_is_too_long_is_thrown_away(self):
        self.put(self.part, CONTENT + b"more")
        self.assertEqual(self.get(), 0, self.said)
        self.check_complete()

    def test_a_part_of_another_file_is_found_out(self):
        self.put(self.part, b"x" * 5000)
        self.assertEqual(self.get(), 1)
        self.check_nothing_under_the_name()
        self.assertIn("SHA-256", self.said)
        self.assertEqual(self.get(), 0, self.said)  # it was deleted, so this starts again
        self.check_complete()

    def test_a_server_without_ranges(self):
        self.put(self.part, CONTENT[:5000])
        self.assertEqual(self.get(path="/no-ranges"), 0, self.said)
        self.check_complete()

    def test_a_connection_that_breaks_off(self):
        self.assertEqual(self.get(path="/cut"), 1)
        self.check_nothing_under_the_name()
        self.assertGreaterEqual(os.path.getsize(self.part), 100000)
        self.assertIn("where it", self.said)
        self.assertEqual(self.get(), 0, self.said)
        self.check_complete()

    def test_wrong_hash(self):
        self.assertEqual(self.get(digest="0" * 64), 1)
        self.check_nothing_under_the_name()
        self.assertFalse(os.path.exists(self.part))
        self.assertIn("has the SHA-256 " + hashlib.sha256(CONTENT).hexdigest() + ", expected " + "0" * 64, self.said)
        self.assertIn("Call this again", self.said)

    def test_a_part_beyond_which_the_server_has_nothing(self):
        self.put(self.part, CONTENT[:-1] + b"x")
        self.assertEqual(self.get(size=len(CONTENT) + 1), 1)
        self.check_nothing_under_the_name()
        self.assertIn("expected 300001", self.said)
        self.assertFalse(os.path.exists(self.part))

    def test_wrong_size(self):
        self.assertEqual(self.get(size=len(CONTENT) - 1), 1)
        self.check_nothing_under_the_name()
        self.assertIn("has 300000 bytes, expected 299999", self.said)
        self.assertEqual(self.get(size=len(CONTENT) + 1), 1)
        self.check_nothing_under_the_name()
        self.assertIn("has 300000 bytes, expected 300001", self.said)

    def test_unknown_size_and_hash(self):
        self.assertEqual(self.get(size="-", digest="-"), 0, self.said)
        self.check_complete()
        self.assertIn("its hash is not known", self.said)

    def test_unknown_name(self):
        for name in ("nosuch", "tiny.", "tin", "t.ny", "", "model.gguf"):
            status = self.run_script(name, self.folder)
            self.assertEqual(status, 0 if name == "" else 2, name)
            if name:
                self.assertIn("there is no model '%s'" % name, self.said)
                self.assertIn("tiny-2 tiny", self.said)
        self.assertEqual(self.run_script("tiny", self.folder, "word"), 2)

    def test_an_address_that_is_gone(self):
        self.assertEqual(self.get(path="/gone"), 1)
        self.check_nothing_under_the_name()
        self.assertIn("does not give out " + self.address + "/gone", self.said)

    def test_a_busy_server_costs_nothing_that_has_come(self):
        os.makedirs(self.folder)
        with open(self.part, "wb") as out:
            out.write(CONTENT[:5000])
        self.assertEqual(self.get(path="/busy"), 1)
        self.assertEqual(os.listdir(self.folder), ["model.gguf.part"])
        with open(self.part, "rb") as kept:
            self.assertEqual(kept.read(), CONTENT[:5000])

    def test_no_network(self):
        self.assertEqual(self.get(address="http://127.0.0.1:1"), 1)
        self.check_nothing_under_the_name()
        self.assertIn("Is there a network?", self.said)

    def test_no_room(self):
        self.assertEqual(self.get(size=10 ** 17), 1)
        self.check_nothing_under_the_name()
        self.assertIn("not enough room", self.said)
        self.assertEqual(Handler.requests, [])

    def test_a_folder_that_cannot_be_made(self):
        with open(os.path.join(self.place.name, "file"), "w"):
            pass
        self.assertEqual(self.run_script("tiny", os.path.join(self.place.name, "file", "models")), 1)
        self.assertIn("cannot be made", self.said)

    def test_no_program_to_download_with(self):
        os.remove(os.path.join(self.programs, self.tool))
        self.assertEqual(self.get(), 1)
        self.assertIn("curl or wget", self.said)

    def test_a_bad_list(self):
        for name in ("../model.gguf", "", ".hidden"):
            self.assertEqual(self.get(file=name), 2, self.said)
            self.assertIn("'%s' is no name for a file" % name, self.said)
        for size in ("many", "1e6", ""):
            self.assertEqual(self.get(size=size), 2, self.said)
            self.assertIn("'%s' is no number of bytes" % size, self.said)
        environment = {"PATH": self.programs, "LLMZERO_MODEL_LIST": "/nowhere/list"}
        done = subprocess.run(["sh", self.script], env=environment, stderr=subprocess.PIPE, timeout=TIMEOUT, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere/list, cannot be read", done.stderr)


class GetModelWithWget(GetModel):
    tool = "wget"


class TheList(unittest.TestCase):
    def test_the_rows_are_whole(self):
        path = os.path.join(os.path.dirname(GetModel.script), "..", "models", "models.tsv")
        with open(path) as file:
            rows = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
        self.assertEqual(rows[0], ["name", "architecture", "file", "bytes", "sha256", "memory", "licence", "url"])
        self.assertGreater(len(rows), 8)
        self.assertEqual(len({row[0] for row in rows}), len(rows))
        for row in rows[1:]:
            with self.subTest(name=row[0]):
                self.assertEqual(len(row), 8)
                self.assertRegex(row[0], r"^[a-z0-9._-]+$")
                self.assertIn(row[1], ("llama", "qwen2", "qwen3", "gemma3", "t5"))
                self.assertRegex(row[2], r"^[A-Za-z0-9._-]+\.gguf$")
                self.assertRegex(row[3], r"^([1-9][0-9]*|-)$")
                self.assertRegex(row[4], r"^([0-9a-f]{64}|-)$")
                self.assertRegex(row[5], r"^([1-9][0-9]*|-)$")
                self.assertRegex(row[7], r"^https://[^ ]+/" + re.escape(row[2]) + "$")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", required=True)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    GetModel.script = os.path.abspath(given.script)
    unittest.main(argv=[sys.argv[0], *given.names], verbosity=2)
