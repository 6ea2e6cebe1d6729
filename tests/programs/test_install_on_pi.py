"""tools/install-on-pi.sh into a folder that stands for a system: what lies where, and what the unit says."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = ""
UNIT = "etc/systemd/system/llmzero-stick.service"
WANTED = "etc/systemd/system/multi-user.target.wants/llmzero-stick.service"
BINARY = "usr/local/bin/llmzero-stick"


class Install(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        self.save("etc/passwd", "root:x:0:0::/root:/bin/sh\npi:x:1000:1000:,,,:/home/pi:/bin/bash\nada:x:%d:%d::/home/ada:/bin/sh\n"
                  % (os.getuid(), os.getgid()))
        self.save("in/program", "#!/bin/sh\n")
        self.save("in/small.gguf", "model")

    def path(self, name):
        return os.path.join(self.root, name)

    def save(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(content)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def run_script(self, *words):
        env = {name: value for name, value in os.environ.items() if name != "SUDO_USER"}
        return subprocess.run(["sh", SCRIPT, "--root", self.root, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env=env)

    def install(self, *words):
        done = self.run_script("--program", self.path("in/program"), *words)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_what_lies_where(self):
        self.assertIn("/home/pi/llm", self.install())
        for _ in range(2):  # again is no harm
            self.install("--model", self.path("in/small.gguf"))
        self.assertTrue(os.access(self.path(BINARY), os.X_OK))
        self.assertEqual(self.read("var/lib/llmzero/models/small.gguf"), "model")
        self.assertTrue(os.path.isdir(self.path("home/pi/llm")))
        self.assertEqual(os.path.realpath(self.path(WANTED)), os.path.realpath(self.path(UNIT)))
        unit = self.read(UNIT)
        self.assertIn("\nUser=pi\n", unit)
        self.assertIn("\nExecStart=/usr/local/bin/llmzero-stick --dir /home/pi/llm --models /var/lib/llmzero/models "
                      "--model /var/lib/llmzero/models/small.gguf\n", unit)
        self.assertIn("\nReadWritePaths=/home/pi/llm\n", unit)
        left = [name for _, _, names in os.walk(self.root) for name in names if name.endswith(".new")]
        self.assertEqual(left, [])
        self.install("--user", "ada", "--folder", "/srv/questions")
        self.assertIn("\nUser=ada\n", self.read(UNIT))
        self.assertIn(" --dir /srv/questions --models /var/lib/llmzero/models\n", self.read(UNIT))

    def test_removed(self):
        self.install("--model", self.path("in/small.gguf"))
        self.save("home/pi/llm/a.txt", "mine")
        done = self.run_script("--remove")
        self.assertEqual(done.returncode, 0, done.stdout)
        for name in (UNIT, WANTED, BINARY):
            self.assertFalse(os.path.lexists(self.path(name)), name)
        self.assertEqual(self.read("home/pi/llm/a.txt"), "mine")
        self.assertEqual(self.read("var/lib/llmzero/models/small.gguf"), "model")

    def test_mistakes(self):
        for words, said in ((["--folder"], "needs a value"), (["--where", "x"], "what is --where?"),
                            (["--user", "nobody-here"], "there is no user nobody-here"),
                            (["--folder", "/a b"], "expected letters"), (["--folder", "/a$b"], "expected letters"),
                            (["--folder", "llm"], "begins with /"), (["--model", "x.bin"], ".gguf"),
                            (["--model", "none.gguf"], "no such file"), (["--program", "none"], "no such file")):
            done = self.run_script("--program", self.path("in/program"), *words)
            self.assertIn(done.returncode, (1, 2), done.stdout)
            self.assertIn(said, done.stdout)
            self.assertFalse(os.path.exists(self.path(UNIT)))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd")
    def test_systemd_understands_the_unit(self):
        self.install()
        unit = self.read(UNIT).replace("/usr/local/bin/llmzero-stick", "/bin/true")
        self.save("llmzero-stick.service", unit)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", self.path("llmzero-stick.service")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertNotIn("llmzero-stick.service", done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)

    @unittest.skipUnless(shutil.which("shellcheck"), "needs shellcheck")
    def test_shellcheck_has_no_complaint(self):
        done = subprocess.run(["shellcheck", "-e", "SC1091", SCRIPT],  # which files are read in
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", required=True)
    known, rest = parser.parse_known_args()
    SCRIPT = os.path.abspath(known.script)
    unittest.main(argv=sys.argv[:1] + rest)
