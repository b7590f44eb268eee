"""One model of TransformerLens in a plain loop: python transformerlens_peer.py. Prints as JSON the seconds a step."""
import json
from importlib.metadata import version

import torch
from transformer_lens import HookedTransformer, HookedTransformerConfig

from pytorch_loop import CTX_LEN, N_COMPLETIONS, N_VOCAB, seconds_a_step

if __name__ == '__main__':
    torch.manual_seed(0)
    cfg = HookedTransformerConfig(
        n_layers=1, attn_only=True, normalization_type=None, d_model=N_VOCAB, n_heads=2, d_head=1, n_ctx=CTX_LEN + 1,
        d_vocab=N_VOCAB, d_vocab_out=N_COMPLETIONS, device='cpu')
    model = HookedTransformer(cfg)
    print(json.dumps(dict(step=[seconds_a_step(model, 200) for _ in range(3)],
                          versions={name: version(name) for name in ('transformer-lens', 'torch')})))
