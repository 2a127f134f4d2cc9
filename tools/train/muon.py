"""Muon: momentum whose matrix update is orthogonalised by Newton-Schulz steps; matrices of one shape go together."""

import collections

import torch


def orthogonalise(g, steps=5):
    """g: [n, rows, columns] → about U Vᵀ of each matrix. The quintic's coefficients are those of the Muon paper."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.to(torch.bfloat16 if g.is_cuda else torch.float32)
    flip = x.shape[-2] > x.shape[-1]
    if flip:
        x = x.transpose(-1, -2)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.transpose(-1, -2)
        x = a * x + (b * s + c * (s @ s)) @ x
    return x.transpose(-1, -2) if flip else x


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = collections.defaultdict(list)
            for p in group["params"]:
                shapes[p.shape].append(p)
            for shape, params in shapes.items():
                state = self.state[params[0]]
                grads = torch.stack([p.grad for p in params])
                if not state:
                    state["momentum"] = torch.zeros_like(grads)
                m = state["momentum"]
                m.lerp_(grads, 1 - group["momentum"])
                update = orthogonalise(grads.lerp(m, group["momentum"])).float() * max(1, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(params, list(update.unbind()), alpha=-group["lr"])
