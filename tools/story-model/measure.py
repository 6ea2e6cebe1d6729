"""Measures the GGUF file on text that it was not trained on:

    python3 measure.py storyteller.gguf [--tinystories FILE] [--stories 150]
"""
import argparse

import numpy as np

import corpus
from gguf_in import load
from vocabulary import BOS, EOS


def measure(network, tokenizer, stories, longest=512):
    """Perplexity per token and per word, bits per byte; the end of a story counts as a token."""
    loss = tokens = words = size = 0
    for text in stories:
        ids = ([BOS] + tokenizer.encode(text) + [EOS])[:longest]
        network.reset()
        logits = network.feed(ids[:-1])
        top = logits.max(-1, keepdims=True)
        log_p = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
        loss -= log_p[np.arange(len(ids) - 1), ids[1:]].sum()
        tokens += len(ids) - 1
        seen = tokenizer.decode([t for t in ids[1:] if t != EOS])
        words += len(seen.split())
        size += len(seen.encode("utf-8")) + (ids[-1] == EOS)
    return len(stories), tokens, np.exp(loss / tokens), np.exp(loss / words), loss / np.log(2) / size


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model")
    args.add_argument("--tinystories", default="")
    args.add_argument("--stories", type=int, default=150)
    args.add_argument("--seed", type=int, default=1, help="the seed that the model was trained with")
    args = args.parse_args()
    network, tokenizer = load(args.model)
    sets = [("generated, other seed", corpus.generated(args.seed + 2000, 0, args.stories)),
            ("generated, pairs of plot and hero kept out", corpus.generated(args.seed + 2000, 0, args.stories, "held"))]
    if args.tinystories:
        sets.append(("TinyStories, last 5 %", corpus.tiny_stories(args.tinystories)[1][:args.stories]))
    print("text | stories | tokens | perplexity per token | per word | bits per byte")
    for name, stories in sets:
        print("%s | %d | %d | %.2f | %.2f | %.3f" % ((name,) + measure(network, tokenizer, stories)))


if __name__ == "__main__":
    main()
