#!/usr/bin/env python3
"""The table of instructions in bench/results: what is in it, and how it is written. tools/bench-a53.sh does the counting.

    bench-a53.py rows                               one line for each row: name shape type mix|pure what low high
    bench-a53.py record ROW VALUE COMMIT REPORT     puts a row into a53.csv; REPORT is what llmzero-quantize --json said
    bench-a53.py write                              makes a53.md and a53.svg of a53.csv
    bench-a53.py check                              fails unless they are what it would write
"""
import math
import sys
from collections import namedtuple

from bench_results import Table, figure, symbol

# what: decode or prompt; low, high: the two numbers of tokens whose difference is counted.
Row = namedtuple("Row", "name title shape type pure what low high")
ROWS = [
    Row("stories15m-q4_0", "stories15M pure Q4_0", "stories15m", "Q4_0", True, "decode", 1, 9),
    Row("stories15m-q4_k_m", "stories15M Q4_K_M", "stories15m", "Q4_K_M", False, "decode", 1, 9),
    Row("stories15m-q8_0", "stories15M Q8_0", "stories15m", "Q8_0", False, "decode", 1, 9),
    Row("smollm2-q4_0", "SmolLM2-135M pure Q4_0", "smollm2-135m", "Q4_0", True, "decode", 1, 9),
    Row("smollm2-q4_k_m", "SmolLM2-135M Q4_K_M", "smollm2-135m", "Q4_K_M", False, "decode", 1, 9),
    Row("smollm2-q8_0", "SmolLM2-135M Q8_0", "smollm2-135m", "Q8_0", False, "decode", 1, 9),
    Row("stories15m-prompt", "stories15M pure Q4_0, a prompt of 64 tokens, per token", "stories15m", "Q4_0", True, "prompt", 1,
        65),
    Row("smollm2-prompt", "SmolLM2-135M pure Q4_0, a prompt of 64 tokens, per token", "smollm2-135m", "Q4_0", True, "prompt",
        1, 65),
]
FIELDS = ["row", "model", "what", "instructions", "weight_bytes", "macs", "commit", "date"]


def millions(count):
    return figure(int(count) / 1e6)


def per_mac(line):
    return int(line["instructions"]) / int(line["macs"])


def markdown(lines):
    out = """# llmzero on a Cortex-A53, instructions

Instructions counted under an emulator (`qemu-aarch64 -cpu cortex-a53`, [bench/a53](../a53/count_instructions.c)), not times: the
core, that of the Raspberry Pi 3 and Zero 2 W, starts up to two in a cycle and waits for memory. Millions for a token, one
thread, from the static AArch64 build of `llmzero-run` (kernels: neon), greedy, random weights in the exact shapes: the
difference between two lengths, divided by the tokens between them. Written by `tools/bench-a53.sh`, each row at the commit it
names.

| model | weights | multiplications | instructions | for each multiplication | commit |
|---|---:|---:|---:|---:|---|
"""
    for row in ROWS:
        line = lines.get(row.name)
        cells = [row.title, "-", "-", "not run", "-", "-"]
        if line is not None:
            cells[1:] = ["%.1f MB" % (int(line["weight_bytes"]) / 1e6), millions(line["macs"]),
                         "**%s**" % millions(line["instructions"]), "%.2f" % per_mac(line), line["commit"]]
        out += "| " + " | ".join(cells) + " |\n"
    return out + """
"multiplications" are those of the matrices with weights, in millions; attention has more. "weights" are those of the file that a
token reads. Both leave out the output layer for a prompt, which needs it for its last token alone.

![instructions per token](a53.svg)
"""


def plot(lines):
    """Dots on a logarithmic axis, a line of the plot for each row of the table."""
    width, left, right, top, step = 860, 330, 30, 64, 34
    height = top + step * len(ROWS) + 50
    low, high = math.log10(2), math.log10(200)

    def x(count):
        return left + (width - left - right) * (math.log10(float(count)) - low) / (high - low)

    bottom = top + step * len(ROWS)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" '
           'font-size="12" fill="#222222">' % (width, height, width, height),
           '<rect width="%d" height="%d" fill="#ffffff"/>' % (width, height),
           '<text x="12" y="22" font-size="15">Instructions per token on a Cortex-A53, counted under an emulator</text>']
    for count in (2, 5, 10, 20, 50, 100, 200):
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>' % (x(count), top - 8, x(count), bottom))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%d</text>' % (x(count), bottom + 16, count))
    out.append('<text x="%.1f" y="%d" text-anchor="middle">millions per token, logarithmic; less is better</text>' % (
        (left + width - right) / 2, bottom + 36))
    for at, (text, mark) in enumerate((("multiplications", "limit"), ("instructions", "own"))):
        out.append(symbol(mark, left + 10 + 180 * at, 40))
        out.append('<text x="%d" y="44">%s</text>' % (left + 20 + 180 * at, text))
    for at, row in enumerate(ROWS):
        y = top + step * at + 10
        line = lines.get(row.name)
        title = row.title.replace(", a prompt of 64 tokens, per token", ", prompt")
        out.append('<text x="%d" y="%d" text-anchor="end">%s%s</text>' % (
            left - 14, y + 4, title, "" if line else " (not run)"))
        if line:
            own = int(line["instructions"]) / 1e6
            out.append(symbol("limit", x(int(line["macs"]) / 1e6), y))
            out.append(symbol("own", x(own), y))
            out.append('<text x="%.1f" y="%d">%s</text>' % (x(own) + 9, y - 5, figure(own)))
    return "\n".join(out) + "\n</svg>\n"


def made(lines):
    return {"a53.md": markdown(lines), "a53.svg": plot(lines)}


TABLE = Table("a53", ROWS, FIELDS, made)


def main(words):
    what = words[0] if words else ""
    if what == "rows":
        for row in ROWS:
            print(row.name, row.shape, row.type, "pure" if row.pure else "mix", row.what, row.low, row.high)
    elif what == "record" and len(words) == 5:
        TABLE.record(TABLE.find_row(words[1]), lambda weight_bytes, macs: {"instructions": int(words[2])}, words[4], words[3])
    elif what == "write":
        TABLE.write()
    elif what == "check":
        TABLE.check()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
