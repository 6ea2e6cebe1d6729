"""The Muon optimizer (Jordan and others, 2024): a step along the momentum made orthogonal.

It costs a few per cent of a step and needs fewer steps than AdamW. Layers are stacked, so that each
kind of matrix is one batched product.
"""
import torch


def orthogonal(g, steps=5):
    """Brings all singular values of each g[i] close to 1, by Newton-Schulz iterations."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.to(torch.bfloat16)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2).contiguous()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        y = torch.bmm(x, x.transpose(1, 2))
        x = a * x + torch.bmm(b * y + c * torch.bmm(y, y), x)
    return (x.transpose(1, 2) if tall else x).float()


class Muon:
    def __init__(self, groups, momentum=0.95, decay=0.05):
        """groups: lists of parameters of one shape, with the number of matrices in each."""
        self.groups = groups
        self.momentum, self.decay = momentum, decay
        self.buffers = [torch.zeros(len(ps) * n, ps[0].shape[0] // n, ps[0].shape[1]) for ps, n in groups]

    @torch.no_grad()
    def step(self, rate):
        for (ps, n), buffer in zip(self.groups, self.buffers):
            g = torch.stack([p.grad for p in ps]).view(buffer.shape)
            buffer.lerp_(g, 1 - self.momentum)
            move = orthogonal(g.lerp(buffer, self.momentum))
            scale = rate * max(1.0, move.shape[1] / move.shape[2]) ** 0.5
            for p, m in zip(ps, move.reshape(len(ps), *ps[0].shape)):
                p.mul_(1 - rate * self.decay).sub_(m, alpha=scale)
