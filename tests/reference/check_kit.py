"""Runs the float64 reference on models of the conformance data and compares with their float reference, which was made
by somebody else: the proof that what other models are compared with here is right.

    python3 check_kit.py CONFORMANCE_DIR
"""
import json
import os
import sys

import numpy as np

import forward
import gguf

MODELS = [
    "stories260K-F32",
    "llama2xs-Q4_0",
    "syn-llama-d128-ff256-l2-h4kv2-tied-F16",
    "syn-llama-d128-ff256-l2-h4kv2-tied-BF16",
    "syn-llama-d128-ff256-l2-h4kv2-headdim48-Q8_0",
    "syn-llama-d128-ff256-l2-h4kv2-ropefreqs-Q8_0",
    "syn-llama-d128-ff256-l2-h4kv2-ropelinear4-Q8_0",
    "syn-qwen2-d192-ff384-l2-h6kv2-untied-Q8_0",
    "syn-qwen2-d192-ff384-l2-h6kv2-untied-Q4_0",
]
# The stored logits are rounded to float32, which is an error of about 1e-15 of their square.
LIMIT = 1e-13


def check(folder, name):
    with open(os.path.join(folder, "expected", name + ".json")) as f:
        expected = json.load(f)
    model = forward.Model(gguf.File(os.path.join(folder, expected["model"])))
    stored = np.fromfile(os.path.join(folder, expected["logits_file"]), "<f4").astype(np.float64)
    n_vocab = expected["n_vocab"]
    error = energy = 0.0
    rows = 0
    for prompt in expected["prompts"]:
        logits = model.logits(prompt["prompt_ids"] + prompt["greedy_ids"])
        for row in prompt["rows"]:
            at = row["float_ref"] // 4
            reference = stored[at:at + n_vocab]
            found = logits[len(prompt["prompt_ids"]) - 1 + row["step"]]
            error += ((found - reference) ** 2).sum()
            energy += (reference ** 2).sum()
            rows += 1
    return error / energy, rows


def main():
    folder = sys.argv[1]
    failed = False
    for name in MODELS:
        nmse, rows = check(folder, name)
        failed |= not (nmse <= LIMIT and rows == 16)
        print("%-55s nmse %.1e over %d rows" % (name, nmse, rows))
    if failed:
        sys.exit("The reference disagrees: expected an nmse of at most %g over 16 rows" % LIMIT)


if __name__ == "__main__":
    main()
