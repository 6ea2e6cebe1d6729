#!/usr/bin/env python3
"""A long day of llmzero-stick over a FAT image: a thousand questions of all kinds, answered by one process.

    python3 tests/programs/soak_llmzero_stick.py build/release/llmzero-stick [N]

Shows the memory of the process (VmRSS) as the answers go by, and fails unless every file is answered once, begins with
the bytes that were saved, fsck.vfat finds nothing, and the memory after the last answer is at most a tenth above that
after a tenth of them. Needs mtools and dosfstools; takes minutes, so no test runs it.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

OPENING = re.compile(r"--- llmzero: [^\r\n]*, \d+ tokens?(?: and cut there)?, \d+ lines?, \d+\.\d s ---\r?\n|"
                     r"--- llmzero: no answer, 1 line ---\r?\nThe model had nothing to say")
CLOSING = "--- llmzero: write below this line to go on ---"
os.environ["PATH"] += ":/sbin:/usr/sbin"
os.environ.update(MTOOLS_SKIP_CHECK="1", LC_ALL="C.UTF-8")


def tool(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def question(i):
    """Path, content and encoding of one of them."""
    text = "Story number %d: once there was a fox.\r\n" % i
    names = ["%d.txt", "caf\u00e9 %d.txt", "\u05e9\u05dc\u05d5\u05dd %d.txt", "a long name of a file with a number, %d.md"]
    name = "folder %d/" % (i // 50) + names[i % 4] % i
    kind = i % 7
    if kind == 0:
        return "folder %d/Once upon a time there were %d foxes.txt" % (i // 50, i), b"", "utf-8"
    if kind == 1:
        return name, b"\xff\xfe" + text.encode("utf-16-le"), "utf-16-le"
    if kind == 2:
        return name, b"\xef\xbb\xbf" + text.encode(), "utf-8"
    if kind == 3:
        return name, ("The sun was warm. " * 20 + text).replace("\r", "").encode(), "utf-8"
    return name, text.encode(), "utf-8"


def memory_kib(process):
    with open("/proc/%d/status" % process.pid) as status:
        found = re.search(r"VmRSS:\s*(\d+) kB", status.read())
    return int(found[1]) if found else None


def n_answers(image):
    shown = subprocess.run(["mtype", "-i", image, "::STATUS.TXT"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    found = re.search(rb"Answers since the start: (\d+)", shown)
    return int(found[1]) if found else 0


def serve(program, image, n):
    """Until all is answered: (answers, memory in KiB) as they go by."""
    seen = []
    process = subprocess.Popen([program, "--image", image, "--once"])
    while process.poll() is None:
        time.sleep(0.05)
        answers, memory = n_answers(image), memory_kib(process)
        if memory and answers < n and (not seen or answers > seen[-1][0]):
            seen.append((answers, memory))
    if process.returncode != 0:
        sys.exit("llmzero-stick ended with %d" % process.returncode)
    return seen


def main():
    program, n = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        image, files = os.path.join(folder, "stick.img"), os.path.join(folder, "files")
        tool("mkfs.vfat", "-C", "-F", "16", image, "65536")
        saved = {}
        for i in range(n):
            path, content, encoding = question(i)
            saved[path] = content, encoding
            os.makedirs(os.path.dirname(os.path.join(files, path)), exist_ok=True)
            with open(os.path.join(files, path), "wb") as file:
                file.write(content)
        with open(os.path.join(files, "SETTINGS.TXT"), "w") as settings:
            settings.write("max tokens = 8\n")
        tool("mcopy", "-s", "-i", image, *[os.path.join(files, name) for name in os.listdir(files)], "::")
        began = time.monotonic()
        seen = serve(program, image, n)
        seconds = time.monotonic() - began
        tool("fsck.vfat", "-n", image)
        back = os.path.join(folder, "back")
        os.mkdir(back)
        tool("mcopy", "-s", "-n", "-i", image, "::", back)
        for path, (content, encoding) in saved.items():
            with open(os.path.join(back, path), "rb") as file:
                got = file.read()
            added = got[len(content):].decode(encoding)
            if not got.startswith(content) or len(OPENING.findall(added)) != 1 or added.count(CLOSING) != 1:
                sys.exit("%r: %r" % (path, got))
    steps = [max(pair for pair in seen if pair[0] <= max(seen[0][0], n * part // 10)) for part in (1, 5, 10)]
    for answers, memory in steps:
        print("after %4d answers: %.1f MB" % (answers, memory * 1024 / 1e6))
    print("%d questions in %.0f s: each answered once, nothing lost, fsck.vfat content" % (n, seconds))
    if steps[-1][1] > steps[0][1] * 1.1:
        sys.exit("the memory grows")


if __name__ == "__main__":
    main()
