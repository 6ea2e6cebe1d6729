"""Generates stories: python3 stories.py --count 5 --seed 1

A story is made from (seed, number), so any of them can be made again alone.
One in sixteen pairs of plot and hero is kept out of the training text and used
only for measuring: see HELD_OUT.
"""
import argparse
import random
import zlib

import words as w
from plot import PLOTS
from world import Story
import plots_friends  # noqa: F401  (they fill PLOTS)
import plots_home  # noqa: F401
import plots_outside  # noqa: F401
import plots_things  # noqa: F401

WORLD_OF = {"town": "town", "farm": "farm", "sea": "sea", "ice": "ice"}
KINDS = {}
for kind, home, _ in w.ANIMALS:
    KINDS.setdefault(WORLD_OF.get(home, "wild"), []).append(kind)
KINDS["people"] = ["child"]
# Children first, then animals of the wild: what readers ask for most.
WORLDS = ["people"] * 11 + ["wild"] * 6 + ["town"] * 2 + ["farm"] * 3 + ["ice"] + ["sea"]


def held_out(plot, kind, adjective):
    """Whether this pair is kept for measuring; children count by their trait."""
    key = "%s %s" % (plot, adjective if kind == "child" else kind)
    return zlib.crc32(key.encode()) % 16 == 0


def story(seed, number, split="train"):
    """One story as text. split: "train", or "held" for the pairs kept out of training."""
    rng = random.Random("%d %d %s" % (seed, number, split))
    while True:
        name, worlds, tell = PLOTS[rng.randrange(len(PLOTS))]
        world = WORLDS[rng.randrange(len(WORLDS))]
        if world not in worlds:
            continue
        s = Story(rng, world, rng.choice(KINDS[world]))
        if held_out(name, s.h.kind if s.h.animal else "child", s.h.trait) == (split == "held"):
            tell(s)
            return s.text()


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--count", type=int, default=5)
    args.add_argument("--plot", help="only this plot")
    args.add_argument("--split", default="train", choices=["train", "held"])
    args = args.parse_args()
    if args.plot:
        PLOTS[:] = [p for p in PLOTS if p[0] == args.plot]
    for number in range(args.count):
        print(story(args.seed, number, args.split) + "\n\n---\n")


if __name__ == "__main__":
    main()
