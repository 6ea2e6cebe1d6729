"""Makes the story model: words -> stories -> vocabulary -> training -> GGUF.

    python3 make.py --work DIR --out ../../models/storyteller.gguf [--tinystories FILE]

Needs Python 3 with PyTorch and numpy (Debian: python3-torch). DIR keeps the
vocabulary and the checkpoint; --resume goes on from there.
"""
import argparse
import os

import corpus
import train


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--work", required=True, help="folder for the vocabulary and the checkpoint")
    args.add_argument("--out", required=True, help="the GGUF file to write")
    args.add_argument("--tinystories", default="", help="text of TinyStories to mix in, divided by <|endoftext|>")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--rate", type=float, default=3e-3)
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--save-every", type=float, default=480, help="seconds between files written on the way")
    args.add_argument("--resume", action="store_true")
    args = args.parse_args()
    os.makedirs(args.work, exist_ok=True)
    real, _ = corpus.tiny_stories(args.tinystories)
    held = corpus.generated(args.seed + 1000, 0, 200, "held")
    train.run(args, real, held)


if __name__ == "__main__":
    main()
