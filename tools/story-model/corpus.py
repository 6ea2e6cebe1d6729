"""The text to learn from: generated stories, and real ones where they are at hand."""
import numpy as np

from stories import story
from vocabulary import BOS, EOS

PLAIN = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
         "\u2026": "...", "\u00a0": " ", "\u00e9": "e"}


def tiny_stories(path):
    """Reads a TinyStories text; returns (stories to learn from, stories held out: the last 5 %)."""
    if not path:
        return [], []
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for a, b in PLAIN.items():
        text = text.replace(a, b)
    found = []
    for part in text.split("<|endoftext|>")[1:]:
        lines = [" ".join(line.split()) for line in part.split("\n")]
        part = "\n\n".join(line for line in lines if line)
        if len(part) > 100 and part.isascii():
            found.append(part)
    cut = len(found) - len(found) // 20
    return found[:cut], found[cut:]


def generated(seed, first, count, split="train"):
    return [story(seed, n, split) for n in range(first, first + count)]


def batches(stories, size, longest, rng):
    """Groups stories of like length, so that little is padding; each group has about `size`
    tokens. Returns a list of (tokens, lengths) in random order."""
    stories = [s[:longest] for s in stories]
    order = sorted(rng.permutation(len(stories)), key=lambda i: (len(stories[i]) + 15) // 16)
    found, group = [], []

    def close():
        if group:
            width = (max(map(len, group)) + 15) // 16 * 16
            tokens = np.zeros((len(group), width), np.int64)
            for row, s in zip(tokens, group):
                row[:len(s)] = s
            found.append((tokens, np.array([len(s) for s in group])))

    for i in order:
        if (len(group) + 1) * ((len(stories[i]) + 15) // 16 * 16) > size:
            close()
            group = []
        group.append(stories[i])
    close()
    return [found[i] for i in rng.permutation(len(found))]


def encode_all(tokenizer, stories):
    return [np.array([BOS] + tokenizer.encode(s) + [EOS], np.int16) for s in stories]
