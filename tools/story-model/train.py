"""Trains the model with Muon for the matrices of the layers and AdamW for the rest.

Every step is split between threads that each compute the gradient of their own batch on
one core. They meet once a step; the threads inside PyTorch's operations would
meet a thousand times, and wait for each other whenever the machine is busy.
"""
import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

import corpus
from gguf_out import write_gguf
from model import Model
from muon import Muon
from vocabulary import Tokenizer, train as train_vocabulary

MUON_RATE = 0.02
# Points (step, share of the peak rate): up, level, down, and more and lower rounds, in which the
# model learns to keep names and things apart.
RATE = [(-1, 0), (59, 1), (420, 1), (1042, 0.2026), (1473, 0.0403), (1488, 0.25), (2093, 0), (2110, 0.4), (3100, 0.4), (4299, 0),
        (4310, 0.3), (4799, 0)]
STEPS = RATE[-1][0] + 1
BATCH = 3072        # tokens of one thread in one step
LONGEST = 480       # tokens of a story; what is longer is cut
CHUNK = 4000        # stories generated at a time
# Real stories mixed into every chunk, (from chunk, how many): a twentieth of the tokens, then a tenth
# for their words, and in the end few, since they begin like the generated ones and go on worse.
REAL = [(0, 150), (15, 400), (27, 20)]


def make_vocabulary(path, seed, real, size):
    """Learned from generated and real stories; kept in a file, so that a run may go on."""
    if not os.path.exists(path):
        pieces, scores, types = train_vocabulary(corpus.generated(seed, 0, 15000) + real * 3, size)
        with open(path, "w") as f:
            json.dump([pieces, scores, types], f)
    with open(path) as f:
        return json.load(f)


def batches(tokenizer, seed, real):
    """Endless (tokens, lengths), always the same for a seed."""
    real = corpus.encode_all(tokenizer, real)
    for chunk in itertools.count():
        rng = np.random.default_rng([seed, chunk])
        stories = corpus.encode_all(tokenizer, corpus.generated(seed, chunk * CHUNK, CHUNK))
        if real:
            stories += [real[i] for i in rng.integers(0, len(real), max(r for r in REAL if r[0] <= chunk)[1])]
        for tokens, lengths in corpus.batches(stories, BATCH, LONGEST, rng):
            yield torch.from_numpy(tokens), torch.from_numpy(lengths)


def rate(step, peak):
    """The learning rate of a step: straight lines between the points of RATE."""
    return peak * float(np.interp(step, *zip(*RATE)))


def held_loss(model, tokenizer, held):
    """Mean loss per token on a few stories that were kept out of training."""
    total = count = 0
    with torch.no_grad():
        for tokens, lengths in corpus.batches(corpus.encode_all(tokenizer, held), BATCH, LONGEST, np.random.default_rng(0)):
            total += float(model.loss(torch.from_numpy(tokens), torch.from_numpy(lengths)))
            count += int((lengths - 1).sum())
    return total / count


def run(args, real, held):
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    model = Model()
    pieces, scores, types = make_vocabulary(args.work + "/vocabulary.json", args.seed, real, model.s.vocabulary)
    tokenizer = Tokenizer(pieces, scores)
    params = list(model.parameters())
    inner = [p for layer in model.layer for p in layer.parameters() if p.dim() == 2]
    others = [p for p in params if all(p is not q for q in inner)]
    adam = lambda ps, decay: {"params": ps, "weight_decay": decay}
    optimizer = torch.optim.AdamW([adam([p for p in others if p.dim() == 2], 0.05),
                                   adam([p for p in others if p.dim() == 1], 0.0)], lr=args.rate, betas=(0.9, 0.95), foreach=True)
    muon = Muon([([layer.qkv for layer in model.layer], 1), ([layer.out for layer in model.layer], 1),
                 ([layer.gate_up for layer in model.layer], 2), ([layer.down for layer in model.layer], 1)])
    average = [p.detach().clone() for p in params]
    step = seen = 0
    checkpoint = args.work + "/checkpoint.pt"
    if args.resume and os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        muon.buffers = state["muon"]
        average, step, seen = state["average"], state["step"], state["seen"]

    def save():
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "muon": muon.buffers, "average": average,
                    "step": step, "seen": seen}, checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)
        now = [p.detach().clone() for p in params]
        for p, a in zip(params, average):
            p.data.copy_(a)
        write_gguf(args.out, model, pieces, scores, types)
        print("held-out loss %.4f; wrote %s" % (held_loss(model, tokenizer, held), args.out), flush=True)
        for p, n in zip(params, now):
            p.data.copy_(n)

    def gradient(batch):
        torch.set_num_threads(1)
        tokens, lengths = batch
        total = model.loss(tokens, lengths)
        return float(total.detach()), int((lengths - 1).sum()), torch.autograd.grad(total, params)

    pool = ThreadPoolExecutor(args.threads)
    source = batches(tokenizer, args.seed, real)
    for _ in range(step * args.threads):    # what a resumed run has already seen
        next(source)
    began = last_save = time.time()
    recent = []
    while step < STEPS:
        share = [next(source) for _ in range(args.threads)]
        results = list(pool.map(gradient, share))
        count = sum(r[1] for r in results)
        for i, p in enumerate(params):
            p.grad = sum(r[2][i] for r in results) / count
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        now = rate(step, args.rate)
        for group in optimizer.param_groups:
            group["lr"] = now
        muon.step(MUON_RATE * now / args.rate)
        optimizer.step()
        step += 1
        seen += count
        keep = min(0.995, step / (step + 20.0))     # the average follows quickly at first
        torch._foreach_mul_(average, keep)
        torch._foreach_add_(average, [p.detach() for p in params], alpha=1 - keep)
        recent.append(sum(r[0] for r in results) / count)
        if step % 50 == 0:
            print("step %d of %d, loss %.4f, %.2f M tokens, %.0f s, cpu %.0f s" % (
                step, STEPS, np.mean(recent[-50:]), seen / 1e6, time.time() - began, time.process_time()), flush=True)
        if time.time() - last_save > args.save_every:
            save()
            last_save = time.time()
    save()
