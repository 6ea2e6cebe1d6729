"""Samples stories from the GGUF file:

    python3 sample.py storyteller.gguf --prompt "Once upon a time" --seed 1
"""
import argparse

import numpy as np

from gguf_in import load
from vocabulary import BOS, EOS


def choose(logits, temperature, rng, top_k=40, top_p=0.95, min_p=0.05):
    """The next token; temperature 0 takes the best one."""
    if temperature <= 0:
        return int(logits.argmax())
    order = np.argsort(-logits, kind="stable")[:top_k]
    p = np.exp(logits[order] - logits[order[0]])
    p /= p.sum()
    keep = max(1, int(np.searchsorted(p.cumsum(), top_p)) + 1)
    keep = min(keep, int((p >= min_p * p[0]).sum()))
    heat = np.exp((logits[order[:keep]] - logits[order[0]]) / temperature)
    return int(order[rng.choice(keep, p=heat / heat.sum())])


def tell(network, tokenizer, prompt, temperature=0.8, seed=1, limit=460):
    """A story that starts with the prompt."""
    rng = np.random.default_rng(seed)
    tokens = [BOS] + tokenizer.encode(prompt) if prompt else [BOS]
    network.reset()
    logits = network.feed(tokens)[-1]
    while len(tokens) < limit:
        token = choose(logits, temperature, rng)
        if token == EOS:
            break
        tokens.append(token)
        logits = network.feed([token])[-1]
    return tokenizer.decode(tokens[1:])


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model")
    args.add_argument("--prompt", action="append")
    args.add_argument("--temp", type=float, default=0.8)
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    network, tokenizer = load(args.model)
    for prompt in args.prompt or ["Once upon a time"]:
        print(tell(network, tokenizer, prompt, args.temp, args.seed) + "\n\n---\n")


if __name__ == "__main__":
    main()
