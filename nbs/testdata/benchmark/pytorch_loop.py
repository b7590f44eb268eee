"""One model in plain PyTorch, as anybody would write it: python pytorch_loop.py

Token sequences, attention over all positions, AdamW. Prints as JSON the seconds a step.
"""
import json
import math
import time

import torch
import torch.nn.functional as F
from torch import nn

N_SIGNAL, N_NOISE, N_SOURCE, CTX_LEN = 4, 7, 2, 8
N_VOCAB = 1 + N_SIGNAL + N_NOISE
N_COMPLETIONS = math.comb(N_SIGNAL + N_SOURCE - 1, N_SOURCE)


class Plain(nn.Module):
    "One attention layer on one-hot tokens"
    def __init__(self, n_head=2, d_head=1):
        super().__init__()
        self.n_head, self.d_head = n_head, d_head
        self.q, self.k, self.v = (nn.Linear(N_VOCAB, n_head * d_head, bias=False) for _ in range(3))
        self.o = nn.Linear(n_head * d_head, N_COMPLETIONS, bias=False)

    def forward(self, tokens):                                                  # (batch, position)
        x = F.one_hot(tokens, N_VOCAB).float()
        shape = (self.n_head, self.d_head)
        q, k, v = (f(x).unflatten(-1, shape).transpose(1, 2) for f in (self.q, self.k, self.v))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)             # (batch, n_head, position, d_head)
        return self.o(z.transpose(1, 2).flatten(2))                             # (batch, position, n_completions)


def answers():
    "The completion of each pair of signals, (n_signal, n_signal)"
    table = torch.zeros(N_SIGNAL, N_SIGNAL, dtype=torch.long)
    first, second = torch.triu_indices(N_SIGNAL, N_SIGNAL)
    table[first, second] = table[second, first] = torch.arange(len(first))
    return table


def sample(table, batch=256):
    "Contexts (batch, CTX_LEN + 1) and their completions (batch,)"
    tokens = torch.randint(1 + N_SIGNAL, N_VOCAB, (batch, CTX_LEN))
    signals = torch.randint(1, 1 + N_SIGNAL, (batch, N_SOURCE))
    places = torch.rand(batch, CTX_LEN).argsort(1)[:, :N_SOURCE]
    tokens.scatter_(1, places, signals)
    return F.pad(tokens, (0, 1)), table[signals[:, 0] - 1, signals[:, 1] - 1]


def seconds_a_step(model, steps, lr=2e-2):
    "Train a model; the first steps are not counted"
    table, warm_up = answers(), 20
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for done in range(warm_up + steps):
        if done == warm_up: before = time.perf_counter()
        tokens, answer = sample(table)
        optimizer.zero_grad()
        F.cross_entropy(model(tokens)[:, -1], answer).backward()
        optimizer.step()
    return (time.perf_counter() - before) / steps


if __name__ == '__main__':
    torch.manual_seed(0)
    model = Plain()
    print(json.dumps(dict(step=[seconds_a_step(model, 200) for _ in range(3)])))
