"""The network, in the llama architecture, written for speed on a CPU.

Debian's PyTorch multiplies bfloat16 matrices through oneDNN, a hundred times as fast as
float32 ones through the reference BLAS. So matrices are multiplied in bfloat16,
while weights, sums of the residual stream and gradients of weights stay float32.
The autograd functions below keep few temporaries: on two cores, passes over memory
cost more than the products.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

BF = torch.bfloat16
EPSILON = 1e-5


class Shape:
    """Sizes of the model; rows of all matrices are multiples of 32, as Q8_0 needs."""
    vocabulary = 2048
    width = 128
    layers = 8
    heads = 4
    kv_heads = 2
    head = 32
    ff = 352
    context = 512


class Norm(torch.autograd.Function):
    """RMSNorm without its weight, which is folded into the next matrix."""

    @staticmethod
    def forward(ctx, x):
        r = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(EPSILON).rsqrt_()
        y = (x * r).to(BF)
        ctx.save_for_backward(y, r)
        return y

    @staticmethod
    def backward(ctx, g):
        y, r = ctx.saved_tensors
        m = (g * y).sum(-1, keepdim=True, dtype=torch.float32).mul_(-1.0 / y.shape[-1])
        return torch.addcmul(g.float(), y.float(), m).mul_(r)


class Linear(torch.autograd.Function):
    """x (n, in) times w (out, in)."""

    @staticmethod
    def forward(ctx, x, w):
        wb = w.to(BF)
        ctx.save_for_backward(x, wb)
        return F.linear(x, wb)

    @staticmethod
    def backward(ctx, g):
        x, wb = ctx.saved_tensors
        flat = g.reshape(-1, g.shape[-1])
        return g @ wb, (flat.t() @ x.reshape(-1, x.shape[-1])).float()


class Swiglu(torch.autograd.Function):
    """silu(gate) * up, from one tensor that holds both; the exponential is taken only once."""

    @staticmethod
    def forward(ctx, gate_up):
        gate, up = gate_up.chunk(2, -1)
        sigma = torch.sigmoid(gate)
        s = gate * sigma
        ctx.save_for_backward(up, sigma, s)
        return s * up

    @staticmethod
    def backward(ctx, g):
        up, sigma, s = ctx.saved_tensors
        n = up.shape[-1]
        out = torch.empty(up.shape[:-1] + (2 * n,), dtype=BF)
        torch.mul(g, s, out=out[..., n:])
        slope = torch.addcmul(sigma + s, s, sigma, value=-1)        # of silu
        torch.mul(slope.mul_(g), up, out=out[..., :n])
        return out


class Loss(torch.autograd.Function):
    """Sum of -log softmax(x w^T)[target] over the rows whose target is not negative.

    Goes through the rows in parts that fit in the cache, and takes the gradients at once.
    """

    @staticmethod
    def forward(ctx, x, w, target):
        wb = w.to(BF)
        dx, dw = torch.empty_like(x), torch.zeros_like(w)
        total = 0.0
        for part in torch.arange(len(x)).split(512):
            a, z = part[0].item(), part[-1].item() + 1
            p = torch.softmax(F.linear(x[a:z], wb).float(), -1)
            index, known = target[a:z, None].clamp(min=0), target[a:z] >= 0
            total -= (p.gather(1, index)[:, 0].clamp_(min=1e-30).log_() * known).sum()
            p.scatter_add_(1, index, torch.full(index.shape, -1.0))
            g = p.mul_(known[:, None]).to(BF)
            torch.mm(g, wb, out=dx[a:z])
            dw += g.t() @ x[a:z]
        ctx.save_for_backward(dx, dw)
        return total

    @staticmethod
    def backward(ctx, g):
        dx, dw = ctx.saved_tensors
        return dx * g.to(BF), dw * g, None


class Rope(torch.autograd.Function):
    """Turns the pairs (2i, 2i+1) of every head: x cos + (x swap) sin. The product with the
    small matrix `swap`, (a, b) -> (-b, a), is cheaper than stepping over every second element.
    The tables hold 1 and 0 for the heads of v, and the scale of the scores for those of q."""

    @staticmethod
    def forward(ctx, x, swap, cos, sin):
        ctx.save_for_backward(swap, cos, sin)
        return torch.addcmul(x * cos, x @ swap, sin)

    @staticmethod
    def backward(ctx, g):
        swap, cos, sin = ctx.saved_tensors
        return torch.addcmul(g * cos, g @ swap, sin, value=-1), None, None, None


class Attention(torch.autograd.Function):
    """q (n, rep * t, head) over k, v (n, t, head); mask (t, t) is added to the scores."""

    @staticmethod
    def forward(ctx, q, k, v, mask):
        t = k.shape[1]
        scores = torch.bmm(q, k.transpose(1, 2))
        scores.view(-1, t, t).add_(mask)
        p = torch.softmax(scores, -1)
        ctx.save_for_backward(q, k, v, p)
        return torch.bmm(p, v)

    @staticmethod
    def backward(ctx, g):
        q, k, v, p = ctx.saved_tensors
        dv = torch.bmm(p.transpose(1, 2), g)
        ds = torch._softmax_backward_data(torch.bmm(g, v.transpose(1, 2)), p, -1, BF)
        return torch.bmm(ds, k), torch.bmm(ds.transpose(1, 2), q), dv, None


def matrix(*shape, scale=0.02):
    return nn.Parameter(torch.randn(*shape) * scale)


class Layer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        self.attn_norm = nn.Parameter(torch.ones(s.width))
        self.ffn_norm = nn.Parameter(torch.ones(s.width))
        deep = 0.02 / math.sqrt(2 * s.layers)
        self.qkv = matrix((s.heads + 2 * s.kv_heads) * s.head, s.width, scale=0.04)
        self.out = matrix(s.width, s.heads * s.head, scale=deep)
        self.gate_up = matrix(2 * s.ff, s.width, scale=0.04)
        self.down = matrix(s.width, s.ff, scale=deep)

    def forward(self, x, mask, rope):
        s, (b, t, _) = self.s, x.shape
        h, kv, rep = s.heads, s.kv_heads, s.heads // s.kv_heads
        y = Linear.apply(Norm.apply(x), self.qkv * self.attn_norm).view(b, t, h + 2 * kv, s.head)
        q, k, v = Rope.apply(y, *rope).split([h, kv, kv], 2)
        q = q.view(b, t, kv, rep, s.head).permute(0, 2, 3, 1, 4).reshape(b * kv, rep * t, s.head)
        k = k.transpose(1, 2).reshape(b * kv, t, s.head)
        v = v.transpose(1, 2).reshape(b * kv, t, s.head)
        a = Attention.apply(q, k, v, mask).view(b, h, t, s.head).transpose(1, 2).reshape(b, t, h * s.head)
        x = x + Linear.apply(a, self.out)
        return x + Linear.apply(Swiglu.apply(Linear.apply(Norm.apply(x), self.gate_up * self.ffn_norm)), self.down)


class Model(nn.Module):
    def __init__(self, s=Shape):
        super().__init__()
        self.s = s
        self.embedding = matrix(s.vocabulary, s.width)
        self.layer = nn.ModuleList(Layer(s) for _ in range(s.layers))
        self.norm = nn.Parameter(torch.ones(s.width))
        angle = torch.arange(s.context)[:, None] * 10000.0 ** (-torch.arange(0, s.head, 2) / s.head)
        angle = angle.repeat_interleave(2, -1)[:, None]
        scale = torch.ones(s.heads + 2 * s.kv_heads, 1)
        scale[:s.heads] = s.head ** -0.5
        self.cos, self.sin = angle.cos() * scale, angle.sin() * scale
        self.cos[:, s.heads + s.kv_heads:] = 1
        self.sin[:, s.heads + s.kv_heads:] = 0
        self.cos, self.sin = self.cos.to(BF), self.sin.to(BF)
        self.swap = torch.zeros(s.head, s.head, dtype=BF)
        self.swap[range(1, s.head, 2), range(0, s.head, 2)] = -1
        self.swap[range(0, s.head, 2), range(1, s.head, 2)] = 1
        self.mask = torch.full((s.context, s.context), -1e4).triu(1).to(BF)

    def hidden(self, tokens):
        t = tokens.shape[1]
        x = F.embedding(tokens, self.embedding)
        mask, rope = self.mask[:t, :t].contiguous(), (self.swap, self.cos[:t], self.sin[:t])
        for layer in self.layer:
            x = layer(x, mask, rope)
        return Norm.apply(x)

    def forward(self, tokens):
        """Logits (b, t, vocabulary)."""
        return Linear.apply(self.hidden(tokens), self.embedding * self.norm)

    def loss(self, tokens, lengths):
        """Sum of the negative log likelihoods of all next tokens; there are sum(lengths - 1)."""
        t = tokens.shape[1]
        target = torch.full(tokens.shape, -1)
        target[:, :-1] = tokens[:, 1:]
        target.masked_fill_(torch.arange(t)[None] >= lengths[:, None] - 1, -1)
        return Loss.apply(self.hidden(tokens).view(-1, self.s.width), self.embedding * self.norm, target.view(-1))
