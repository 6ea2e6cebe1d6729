#!/usr/bin/env python3
"""The table of measurements on a PC in bench/results: what is in it, how it is measured and how it is written.
tools/bench-pc.sh builds the programs and makes the models.

    bench-pc.py rows                                      one line for each row: name shape type mix|pure
    bench-pc.py measure ROW COMMIT MODEL PROMPT FOLDER    puts a row into pc.csv, measured with the programs in FOLDER;
                                                          MODEL.json is what llmzero-quantize --json said, PROMPT a file of ids
    bench-pc.py write                                     makes pc.md and pc.svg of pc.csv
    bench-pc.py check                                     fails unless they are what it would write
"""
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import namedtuple

from bench_results import Table, figure, symbol

# kernels: a set's name, best, or start for the time until the first token.
Row = namedtuple("Row", "name title shape type pure what kernels threads")

# One thread of llama.cpp (February 2025, built for the machine) on two cores of an AMD EPYC with AVX-512, tokens per second:
# written with one and with two threads, read of a prompt of 64 tokens with one and with two. Where a cell is None it was not
# measured; 627 is the best of SmolLM2's three types.
LLAMA_CPP = {
    "stories15m-q4_0": (1352, None, 7199, None),
    "stories15m-q8_0": (1096, None, 5980, None),
    "stories15m-q4_k_m": (1064, None, None, None),
    "smollm2-q4_0": (172, 172, 465, 627),
    "smollm2-q8_0": (125, 133, 395, None),
    "smollm2-q4_k_m": (114, 146, 326, None),
}
MODELS = [
    ("stories15m-q4_0", "stories15M pure Q4_0", "stories15m", "Q4_0", True),
    ("stories15m-q8_0", "stories15M Q8_0", "stories15m", "Q8_0", False),
    ("stories15m-q4_k_m", "stories15M Q4_K_M", "stories15m", "Q4_K_M", False),
    ("smollm2-q4_0", "SmolLM2-135M pure Q4_0", "smollm2-135m", "Q4_0", True),
    ("smollm2-q8_0", "SmolLM2-135M Q8_0", "smollm2-135m", "Q8_0", False),
    ("smollm2-q4_k_m", "SmolLM2-135M Q4_K_M", "smollm2-135m", "Q4_K_M", False),
]
# Milliseconds from start to first token, to stay below.
START_GOALS = {"stories15m-q4_k_m": 30, "smollm2-q4_k_m": 150}


def rows():
    for name, *facts in MODELS:
        for kernels in ("avx2", "best"):
            for threads in (1, 2):
                yield Row("%s-%s-%d" % (name, kernels, threads), *facts, "decode", kernels, threads)
        if name in START_GOALS:
            yield Row(name + "-start", *facts, "decode", "start", 0)


ROWS = list(rows())
FIELDS = ["row", "model", "what", "kernels", "threads", "write_best", "write_median", "read_gbs", "of_reading", "prompt_best",
          "prompt_median", "prompt_gmacs", "start_best_ms", "start_median_ms", "busy_with_others", "weight_bytes", "macs",
          "machine", "compiler", "commit", "date"]

WRITTEN = 64
PROMPT = 64


def model_of(row):
    return row.name.rsplit("-", 1 if row.kernels == "start" else 2)[0]


class Neighbours:
    """How many cores other programs kept busy since it was made, those of other machines on this processor included."""

    def __init__(self):
        self.before = self.look()

    @staticmethod
    def look():
        with open("/proc/stat") as file:
            user, nice, system, idle, wait, irq, soft, steal = (int(n) for n in file.readline().split()[1:9])
        own = os.times()
        ticks = os.sysconf("SC_CLK_TCK")
        busy = (user + nice + system + irq + soft + steal) / ticks
        return busy - (own.user + own.system + own.children_user + own.children_system), time.monotonic()

    def cores(self):
        now = self.look()
        return max(0.0, (now[0] - self.before[0]) / (now[1] - self.before[1]))


def machine():
    name = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return "%s, %d cores, %s" % (name, len(os.sched_getaffinity(0)), platform.system())


def compiler(folder):
    with open(os.path.join(folder, "CMakeCache.txt")) as file:
        path = next(line.split("=", 1)[1].strip() for line in file if line.startswith("CMAKE_CXX_COMPILER:"))
    said = subprocess.run([path, "--version"], stdout=subprocess.PIPE, check=True)
    return said.stdout.decode().splitlines()[0]


def has_kernels(row, folder):
    said = subprocess.run([os.path.join(folder, "llmzero-bench"), "--kernels", "list"], stdout=subprocess.PIPE, check=True)
    return row.kernels in said.stdout.decode().split()


def measured_speed(row, model, folder):
    """Fields, and what they are of for each multiplication of a token of a prompt."""
    repetitions = 30 if row.shape == "stories15m" else 9
    command = [os.path.join(folder, "llmzero-bench"), "-m", model, "-t", str(row.threads), "-p", str(PROMPT), "-b", str(PROMPT),
               "-n", str(WRITTEN), "-r", str(repetitions), "-o", "json"]
    if row.kernels != "best":
        command += ["--kernels", row.kernels]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    prompt, text = json.loads(said.stdout)
    bytes_of_token = text["weight_bytes_per_token"]
    reading = text["samples_read_bytes_per_second"]
    shares = [rate * bytes_of_token / speed for rate, speed in zip(text["samples_ts"], reading)]
    return {
        "kernels": text["kernels"], "threads": row.threads,
        "write_best": "%.1f" % max(text["samples_ts"]), "write_median": "%.1f" % statistics.median(text["samples_ts"]),
        "read_gbs": "%.1f" % (statistics.median(reading) / 1e9), "of_reading": "%.2f" % statistics.median(shares),
        "prompt_best": "%.1f" % max(prompt["samples_ts"]), "prompt_median": "%.1f" % statistics.median(prompt["samples_ts"]),
    }


def first_token_ms(command):
    """From the start of a program to the first byte that it writes."""
    ours, theirs = os.pipe()
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    first = os.read(ours, 1)
    took = time.monotonic() - start
    while os.read(ours, 4096):
        pass
    os.close(ours)
    if process.wait() != 0 or not first:
        sys.exit("bench-pc.py: %s wrote nothing, or failed" % " ".join(command))
    return took * 1e3


def measured_start(model, prompt, folder):
    command = [os.path.join(folder, "llmzero-run"), "-m", model, "--ids", "--temp", "0", "--ignore-eos", "--memory", "0", "-n",
               "1", "-f", prompt]
    first_token_ms(command) # reads the file
    times = [first_token_ms(command) for _ in range(25)]
    return {"start_best_ms": "%.1f" % min(times), "start_median_ms": "%.1f" % statistics.median(times)}


def measure(row, commit, model, prompt, folder):
    if row.kernels not in ("best", "start") and not has_kernels(row, folder):
        print("bench-pc.py: %s: this machine has no %s" % (row.name, row.kernels), file=sys.stderr)
        return
    others = Neighbours()
    fields = measured_start(model, prompt, folder) if row.kernels == "start" else measured_speed(row, model, folder)
    fields.update(busy_with_others="%.1f" % others.cores(), machine=machine(), compiler=compiler(folder))
    # The head is computed for a prompt's last token alone.
    in_prompt = row._replace(what="prompt")
    macs = TABLE.cost(in_prompt, model + ".json")[1]
    if "prompt_best" in fields:
        fields["prompt_gmacs"] = "%.1f" % (float(fields["prompt_best"]) * macs / 1e9)
    TABLE.record(row, lambda *_: fields, model + ".json", commit)
    print("   " + " ".join("%s %s" % item for item in fields.items() if item[0] not in ("machine", "compiler")), file=sys.stderr)


def against(row, at):
    """What llama.cpp reached: at 0 writing, at 2 reading a prompt."""
    return LLAMA_CPP[model_of(row)][at + row.threads - 1]


def times(value, other):
    return "-" if other is None else "%d (%.1f times)" % (other, float(value) / other)


def markdown(lines):
    out = """# llmzero on a PC

Measured by `tools/bench-pc.sh` with random weights in the exact shapes; each row at the commit it names. Tokens per second, the
best run and, in brackets, the median: such machines are often shared, and "others" says how many cores other programs kept
busy meanwhile. Beside each run of %d tokens one thread just reads as many bytes as the weights have: "reading" is the median of
that, "of it" the median of the two runs' ratio. llama.cpp is of February 2025, built for two cores of an AMD EPYC with AVX-512.

""" % WRITTEN
    made_by = []
    for row in ROWS:
        line = lines.get(row.name)
        if line and (line["machine"], line["compiler"]) not in made_by:
            made_by.append((line["machine"], line["compiler"]))
    for of_machine, of_compiler in made_by:
        out += "Machine: %s. Compiler: %s.\n" % (of_machine, of_compiler)
    out += """
| model | kernels | threads | writes | llama.cpp | reading | of it | prompt of %d | llama.cpp | G MAC/s | others | commit |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|
""" % PROMPT
    for row in ROWS:
        line = lines.get(row.name)
        if row.kernels == "start":
            continue
        if line is None:
            out += "| %s | %s | %d | not run%s |\n" % (row.title, row.kernels, row.threads, " | -" * 8)
            continue
        cells = [row.title, line["kernels"], line["threads"],
                 "**%s** (%s)" % (figure(line["write_best"]), figure(line["write_median"])),
                 times(line["write_best"], against(row, 0)), line["read_gbs"] + " GB/s", "%.0f %%" % (100 * float(line["of_reading"])),
                 "**%s** (%s)" % (figure(line["prompt_best"]), figure(line["prompt_median"])),
                 times(line["prompt_best"], against(row, 2)), line["prompt_gmacs"], line["busy_with_others"], line["commit"]]
        out += "| " + " | ".join(cells) + " |\n"
    out += """
llama.cpp's 627 tokens per second with two threads are the best of SmolLM2's three types. "G MAC/s": thousand million
multiplications in a second of the best run.

From start to the first token of `llmzero-run`, of a file that the system has in memory, with the default number of threads:

| model | best | median | goal | others | commit |
|---|---:|---:|---:|---:|---|
"""
    for row in ROWS:
        if row.kernels == "start":
            line = lines.get(row.name)
            goal = "%d ms" % START_GOALS[model_of(row)]
            cells = ["not run", "-", goal, "-", "-"] if line is None else [
                "**%s ms**" % figure(line["start_best_ms"]), figure(line["start_median_ms"]) + " ms", goal,
                line["busy_with_others"], line["commit"]]
            out += "| " + " | ".join([row.title] + cells) + " |\n"
    return out + """
The vocabularies are made up, of the sizes of the real ones; the 48900 merges of SmolLM2's take some 10 ms more.

![tokens per second against llama.cpp, and against reading memory](pc.svg)
"""


def plot(lines):
    """Two fields side by side, a line for each row: tokens per second, logarithmic, and decoding against reading."""
    shown = [row for row in ROWS if row.kernels != "start"]
    left, middle, field, right, top, step = 340, 330, 40, 170, 64, 22
    width, bottom = left + middle + field + right + 30, top + step * len(shown)
    low, high = math.log10(50), math.log10(20000)
    second = left + middle + field

    def x(rate):
        return left + middle * (math.log10(min(max(float(rate), 50), 20000)) - low) / (high - low)

    def share(value):
        return second + right * min(float(value), 1.5) / 1.5

    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" '
           'font-size="12" fill="#222222">' % (width, bottom + 50, width, bottom + 50),
           '<rect width="%d" height="%d" fill="#ffffff"/>' % (width, bottom + 50),
           '<text x="12" y="22" font-size="15">Writing on a PC: tokens per second, and weights read against memory read</text>']
    for rate in (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000):
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>' % (x(rate), top - 8, x(rate), bottom))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (
            x(rate), bottom + 16, rate if rate < 1000 else "%dk" % (rate / 1000)))
    for value in (0, 0.5, 0.7, 1, 1.5):
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>' % (
            share(value), top - 8, share(value), bottom, "#c0392b" if value == 0.7 else "#dddddd"))
        if value != 0.7:
            out.append('<text x="%.1f" y="%d" text-anchor="middle">%d %%</text>' % (share(value), bottom + 16, 100 * value))
    out.append('<text x="%.1f" y="%d" text-anchor="middle">tokens per second, logarithmic; more is better</text>' % (
        left + middle / 2, bottom + 36))
    out.append('<text x="%.1f" y="%d" text-anchor="middle">of one thread reading; line: 70 %%</text>' % (
        second + right / 2, bottom + 36))
    for at, (text, mark) in enumerate((("llmzero, best run", "own"), ("llama.cpp", "other"))):
        out.append(symbol(mark, left + 10 + 180 * at, 40))
        out.append('<text x="%d" y="44">%s</text>' % (left + 20 + 180 * at, text))
    for at, row in enumerate(shown):
        y = top + step * at + 6
        line = lines.get(row.name)
        other = against(row, 0)
        out.append('<text x="%d" y="%d" text-anchor="end">%s, %s, %d thread%s%s</text>' % (
            left - 14, y + 4, row.title, line["kernels"] if line else row.kernels, row.threads, "s" * (row.threads > 1),
            "" if line else " (not run)"))
        if other is not None:
            out.append(symbol("other", x(other), y))
        if line:
            out.append(symbol("own", x(line["write_best"]), y))
            out.append('<text x="%.1f" y="%d">%s</text>' % (x(line["write_best"]) + 9, y - 3, figure(line["write_best"])))
            out.append(symbol("own", share(line["of_reading"]), y))
    return "\n".join(out) + "\n</svg>\n"


def made(lines):
    return {"pc.md": markdown(lines), "pc.svg": plot(lines)}


TABLE = Table("pc", ROWS, FIELDS, made)


def main(words):
    what = words[0] if words else ""
    if what == "rows":
        for row in ROWS:
            print(row.name, row.shape, row.type, "pure" if row.pure else "mix")
    elif what == "measure" and len(words) == 6:
        measure(TABLE.find_row(words[1]), *words[2:])
    elif what == "write":
        TABLE.write()
    elif what == "check":
        TABLE.check()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
