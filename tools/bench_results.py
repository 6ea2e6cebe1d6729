"""What the tables of bench/results have in common: the figures in NAME.csv, one line for each row with the commit it was
made at, so that rows can be run one by one; and NAME.md and NAME.svg, which are made of it alone. tools/bench-zero.py,
tools/bench-a53.py and tools/bench-pc.py say which rows there are, and what is written."""
import csv
import datetime
import json
import os
import sys

FOLDER = os.environ.get("LLMZERO_BENCH_RESULTS") or os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench", "results")


def is_read_for_a_token(name):
    """Of an encoder-decoder model: neither the encoder, nor what is read once for a source, nor the table of embeddings."""
    return not (name.startswith("enc.") or ".cross_attn_k." in name or ".cross_attn_v." in name)


def cost_of_a_token(tensors, what):
    """Bytes of the file's weights and multiplications that a decoded token needs, or one of a prompt, which needs no
    logits."""
    head = "output.weight" if any(t["name"] == "output.weight" for t in tensors) else "token_embd.weight"
    left_out = {"token_embd.weight", "output.weight"} - ({head} if what != "prompt" else set())
    read = [t for t in tensors if is_read_for_a_token(t["name"]) and t["name"] not in left_out]
    matrices = [t for t in read if not t["name"].endswith(("_norm.weight", ".bias", "_rel_b.weight"))]
    return sum(t["bytes"] for t in read), sum(t["weights"] for t in matrices)


def figure(text):
    """Three significant digits, without an exponent."""
    value = float(text)
    return "%.0f" % value if value >= 100 else "%.1f" % value if value >= 10 else "%.2f" % value


def symbol(mark, x, y):
    if mark == "limit":
        return '<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#c0392b" stroke-width="3"/>' % (x, y - 9, x, y + 9)
    return '<circle cx="%.1f" cy="%d" r="5" stroke="#1f5fa8" stroke-width="1.5" fill="%s"/>' % (
        x, y, "#1f5fa8" if mark == "own" else "#ffffff")


class Table:
    """rows: named tuples, of which `name` is used here. made: a function that gives {file name: content} for the lines of
    NAME.csv, which are dictionaries by row."""

    def __init__(self, name, rows, fields, made):
        self.name, self.rows, self.fields, self.made = name, rows, fields, made
        self.script = "bench-%s.py" % name

    @staticmethod
    def path_of(name):
        return os.path.join(FOLDER, name)

    def find_row(self, name):
        for row in self.rows:
            if row.name == name:
                return row
        sys.exit("%s: there is no row %r; there are: %s" % (self.script, name, " ".join(row.name for row in self.rows)))

    def recorded(self):
        try:
            with open(self.path_of(self.name + ".csv"), newline="") as file:
                return {line["row"]: line for line in csv.DictReader(file)}
        except FileNotFoundError:
            return {}

    @staticmethod
    def cost(row, report):
        """Of a token, in bytes and multiplications; report: what llmzero-quantize --json said."""
        with open(report) as file:
            return cost_of_a_token(json.load(file)["tensors"], row.what)

    def record(self, row, figures, report, commit):
        """figures(weight_bytes, macs): the fields that are the table's own."""
        weight_bytes, macs = self.cost(row, report)
        lines = self.recorded()
        lines[row.name] = {"row": row.name, "model": row.title, "what": row.what, "weight_bytes": weight_bytes, "macs": macs,
                           "commit": commit, "date": datetime.date.today().isoformat(), **figures(weight_bytes, macs)}
        os.makedirs(FOLDER, exist_ok=True)
        with open(self.path_of(self.name + ".csv"), "w", newline="") as file:
            out = csv.DictWriter(file, self.fields, lineterminator="\n")
            out.writeheader()
            out.writerows(lines[row.name] for row in self.rows if row.name in lines)

    def write(self):
        for name, content in self.made(self.recorded()).items():
            with open(self.path_of(name), "w") as file:
                file.write(content)

    def check(self):
        for name, content in self.made(self.recorded()).items():
            with open(self.path_of(name)) as file:
                if file.read() != content:
                    sys.exit("%s: %s is not what %s.csv says; tools/%s write makes it" % (
                        self.script, self.path_of(name), self.name, self.script))
