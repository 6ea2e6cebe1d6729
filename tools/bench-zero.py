#!/usr/bin/env python3
"""The table of bench/results: what is in it, and how it is written. tools/bench-zero.sh does the measuring.

    bench-zero.py rows                               one line for each row: name shape type mix|pure what low high
    bench-zero.py record ROW VALUE COMMIT REPORT     puts a row into zero.csv; REPORT is what llmzero-quantize --json said
    bench-zero.py write                              makes zero.md and zero.svg of zero.csv
    bench-zero.py check                              fails unless they are what it would write

zero.csv keeps every row with the commit it was made at, so that rows can be run one by one.
"""
import math
import sys
from collections import namedtuple

from bench_results import Table, figure, symbol

# What the core can stream from memory, and what its 4-bit products take (bench/pizero/README.md).
BYTES_PER_MS = 571e6 / 1e3
NS_PER_MAC = 0.875

# what: decode, prompt or position; low, high: the two numbers of tokens whose difference is measured. others: ms per token
# of llama.zero under the same model, and for what; must, aim: the figures to reach.
Row = namedtuple("Row", "name title shape type pure what low high others others_of must aim")
ROWS = [
    Row("smollm2-q4_0", "SmolLM2-135M pure Q4_0", "smollm2-135m", "Q4_0", True, "decode", 1, 3, 1908, "Q4_K_M", 200, 160),
    Row("smollm2-q4_k_m", "SmolLM2-135M Q4_K_M", "smollm2-135m", "Q4_K_M", False, "decode", 1, 3, 1908, "", 260, 210),
    Row("smollm2-q8_0", "SmolLM2-135M Q8_0", "smollm2-135m", "Q8_0", False, "decode", 1, 3, None, "", 290, 260),
    Row("stories15m-q4_0", "stories15M pure Q4_0", "stories15m", "Q4_0", True, "decode", 1, 5, 207, "Q4_K_M", 23, 16),
    Row("stories15m-q4_k_m", "stories15M Q4_K_M", "stories15m", "Q4_K_M", False, "decode", 1, 5, 207, "", 32, 23),
    # From 1 to 3 tokens the figure would differ by 5 % between programs that hardly do: by where things lie in caches.
    Row("lamini-q4_k_m", "LaMini-Flan-T5-77M Q4_K_M, a source of 21 tokens", "lamini-flan-t5-77m", "Q4_K_M", False,
        "decode", 2, 10, 1724, "", 70, 50),
    Row("smollm2-prompt", "SmolLM2-135M pure Q4_0, a prompt of 64 tokens, per token", "smollm2-135m", "Q4_0", True,
        "prompt", 1, 65, 1236, "Q4_K_M, 16 tokens", 110, 85),
    Row("smollm2-position", "SmolLM2-135M pure Q4_0, a token at position 1000 over one at 10", "smollm2-135m", "Q4_0", True,
        "position", 1, 3, None, "", 1.6, 1.3),
]
FIELDS = ["row", "model", "what", "unit", "modelled", "limit", "weight_bytes", "macs", "commit", "date"]


def limit_ms(weight_bytes, macs):
    return max(weight_bytes / BYTES_PER_MS, macs * NS_PER_MAC / 1e6)


def figures(row, value, weight_bytes, macs):
    return {"unit": "ratio" if row.what == "position" else "ms/token", "modelled": "%.2f" % float(value),
            "limit": "%.1f" % limit_ms(weight_bytes, macs) if row.what == "decode" else ""}


def markdown(lines):
    out = """# llmzero on the Raspberry Pi Zero W, modelled

Nothing here was measured on a board: these are figures of the timing model in [bench/pizero](../pizero/README.md), which was
within 15 % of the boards where both are known. Milliseconds for a token, from the static ARM build of `llmzero-run`, greedy,
random weights in the exact shapes. Written by `tools/bench-zero.sh`, each row at the commit it names.

| model | weights | limit | llama.zero | llmzero | of the limit | faster | goal | aim | commit |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---|
"""
    missing = []
    for row in ROWS:
        line = lines.get(row.name)
        unit = " times" if row.what == "position" else " ms"
        others = "-" if row.others is None else "%d ms%s" % (row.others, " (%s)" % row.others_of if row.others_of else "")
        cells = [row.title, "-", "-", others, "not run", "-", "-", str(row.must) + unit, str(row.aim) + unit, "-"]
        if line is None:
            missing.append(row.name)
        else:
            value = float(line["modelled"])
            cells[1] = "%.1f MB" % (int(line["weight_bytes"]) / 1e6)
            cells[4] = "**%s%s**" % (figure(value), unit)
            cells[9] = line["commit"]
            if line["limit"]:
                cells[2] = figure(line["limit"]) + " ms"
                cells[5] = "%.2f" % (value / float(line["limit"]))
            if row.others is not None:
                cells[6] = "%.1f times" % (row.others / value)
        out += "| " + " | ".join(cells) + " |\n"
    out += """
The limit of a token is max(weight bytes / 571 MB/s, multiplications x %.3f ns): what the core can stream from memory, and what
its products of 4-bit weights take. "weights" are those of the file that a token reads. llama.zero is llama.cpp compiled for
ARMv6, under the same model; where its type of file is another one it stands beside the figure. For stories15M other programs
need 205 ms (llama2.c with 8-bit weights) and 531 ms (picolm, Q8_0).

![ms per token against the limit](zero.svg)
""" % NS_PER_MAC
    if missing:
        out += "\nNot run, since a row of SmolLM2-135M takes long under the model; `tools/bench-zero.sh ROW` does: %s.\n" % (
            ", ".join(missing))
    return out


def plot(lines):
    """Dots on a logarithmic axis, a line of the plot for each row of the table in milliseconds."""
    shown = [row for row in ROWS if row.what != "position"]
    width, left, right, top, step = 860, 330, 30, 64, 34
    height = top + step * len(shown) + 50
    low, high = math.log10(10), math.log10(3000)

    def x(ms):
        return left + (width - left - right) * (math.log10(float(ms)) - low) / (high - low)

    bottom = top + step * len(shown)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" '
           'font-size="12" fill="#222222">' % (width, height, width, height),
           '<rect width="%d" height="%d" fill="#ffffff"/>' % (width, height),
           '<text x="12" y="22" font-size="15">Milliseconds per token on a Raspberry Pi Zero W, modelled</text>']
    for ms in (10, 20, 50, 100, 200, 500, 1000, 2000):
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>' % (x(ms), top - 8, x(ms), bottom))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%d</text>' % (x(ms), bottom + 16, ms))
    out.append('<text x="%.1f" y="%d" text-anchor="middle">ms per token, logarithmic; less is better</text>' % (
        (left + width - right) / 2, bottom + 36))
    for at, (text, mark) in enumerate((("limit of memory and core", "limit"), ("llmzero", "own"), ("llama.zero", "other"))):
        out.append(symbol(mark, left + 10 + 180 * at, 40))
        out.append('<text x="%d" y="44">%s</text>' % (left + 20 + 180 * at, text))
    for at, row in enumerate(shown):
        y = top + step * at + 10
        line = lines.get(row.name)
        title = row.title.replace(", a prompt of 64 tokens, per token", ", prompt").replace(", a source of 21 tokens", "")
        out.append('<text x="%d" y="%d" text-anchor="end">%s%s</text>' % (
            left - 14, y + 4, title, "" if line else " (not run)"))
        if line and row.others is not None:
            out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#888888" stroke-dasharray="2 3"/>' % (
                x(line["modelled"]), y, x(row.others), y))
        if row.others is not None:
            out.append(symbol("other", x(row.others), y))
        if line:
            if line["limit"]:
                out.append(symbol("limit", x(line["limit"]), y))
            out.append(symbol("own", x(line["modelled"]), y))
            out.append('<text x="%.1f" y="%d">%s</text>' % (x(line["modelled"]) + 9, y - 5, figure(line["modelled"])))
    return "\n".join(out) + "\n</svg>\n"


def made(lines):
    return {"zero.md": markdown(lines), "zero.svg": plot(lines)}


TABLE = Table("zero", ROWS, FIELDS, made)


def main(words):
    what = words[0] if words else ""
    if what == "rows":
        for row in ROWS:
            print(row.name, row.shape, row.type, "pure" if row.pure else "mix", row.what, row.low, row.high)
    elif what == "record" and len(words) == 5:
        row = TABLE.find_row(words[1])
        TABLE.record(row, lambda *cost: figures(row, words[2], *cost), words[4], words[3])
    elif what == "write":
        TABLE.write()
    elif what == "check":
        TABLE.check()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
