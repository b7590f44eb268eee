"""The pictures that a link to a page is shown with elsewhere, 1200 by 630 pixels, drawn from what the pages show.

Each with the page's own title and sentence, beside one of three pictures: what two heads came to prefer, from the model
of the landing page; how they came to do so, from the part on formation; how the claims came out, from the records.
"""
import base64
import json
import textwrap
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from bs4 import BeautifulSoup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toyattn_nb.board import _kind
from toyattn_nb.report import BY_PART

PAPER, INK, SOFT = '#fbfaf7', '#1d2530', '#5b6675'
HEADS = '#1f77b4', '#d35f00'                        # of heads 0 and 1, as on the pages
KINDS = {                                           # of verdicts: a word, a colour
    'holds': ('hold', '#1b7f4d'), 'fails': ('fail', '#b3372b'), BY_PART: ('differ by part', '#8a6fb0'),
    'inconclusive': ('undecided', '#c29019'), 'not tested': ('not tested', '#9aa3ad')}


class Trained(NamedTuple):
    "What a page carries of a model's training."
    steps: list[int]
    scores: np.ndarray  # (n_step, n_head, n_token), of the tokens that decide
    names: list[str]    # of these tokens


def carried(page: BeautifulSoup) -> Trained:
    "The scores of the page's first model, at all steps that are there."
    traits = json.loads(page.select_one('[data-widget="inspector"] script').string)
    spec = traits['_spec']
    steps, seeds = spec['steps'], spec['seeds']
    packed = np.frombuffer(base64.b64decode(traits['_weights']), dtype='<f4').reshape(len(steps), len(seeds), -1)
    sizes = spec['n_head'], len(spec['queries']), spec['n_vocab']
    scores = packed[:, 0, :np.prod(sizes)].reshape(-1, *sizes)[:, :, 0]   # (n_step, n_head, n_vocab)
    return Trained(steps, scores[..., spec['marked']], [spec['token_names'][t] for t in spec['marked']])


def draw_orders(ax: Axes, scores: np.ndarray, names: list[str]) -> None:
    "Two columns of tokens, the preferred ones on top, and what becomes of each from head to head."
    places = scores.argsort(1).argsort(1)                      # (2, n_token), 0 for what is liked least
    for token, name in enumerate(names):
        left, right = places[:2, token]
        ax.plot([0, 1], [left, right], color=SOFT, lw=3.5, alpha=.55, zorder=1)
        for x, y in (0, left), (1, right):
            ax.scatter(x, y, s=2600, color=HEADS[x], zorder=2)
            ax.text(x, y, name, color='white', size=30, weight='bold', ha='center', va='center_baseline', zorder=3)
    top = len(names) - .25
    for head in 0, 1: ax.text(head, top, f'head {head}', color=HEADS[head], size=23, weight='bold', ha='center')
    ax.text(.5, -.95, 'what each looks at first, on top', color=SOFT, size=17, ha='center')
    ax.set(xlim=(-.35, 1.35), ylim=(-1.1, top + .4))


def draw_learning(ax: Axes, model: Trained) -> None:
    "Above and below, how much each head comes to like each token, while they learn."
    shades = plt.colormaps['viridis'](np.linspace(.05, .85, len(model.names)))
    liked = model.scores - model.scores.mean(-1, keepdims=True)
    reach = 1.15 * np.abs(liked).max()
    for head in 0, 1:
        middle = -2.4 * head * reach
        ax.axhline(middle, color=SOFT, lw=1, alpha=.4)
        ax.text(.5, middle + .9 * reach, f'head {head}', color=HEADS[head], size=23, weight='bold', va='top')
        for token, name in enumerate(model.names):
            curve = middle + liked[:, head, token]
            ax.plot(np.arange(len(curve)), curve, color=shades[token], lw=4)
            ax.text(len(curve) - .6, curve[-1], name, color=shades[token], size=24, weight='bold', va='center_baseline')
    ax.text(0, -3.65 * reach, 'liked most on top; learning goes from left to right', color=SOFT, size=15)
    ax.set(xlim=(-.5, len(liked) + .8), ylim=(-3.8 * reach, 1.05 * reach))


def tallies(records: list[dict[str, Any]]) -> dict[str, int]:
    "How many claims came out in which way."
    found = Counter(_kind(record).split(':')[0] for record in records)
    return {kind: found[kind] for kind in KINDS if found[kind]}


def draw_tallies(ax: Axes, records: list[dict[str, Any]]) -> None:
    "A square for each claim, in rows by how it came out."
    counts = tallies(records)
    for row, (kind, n) in enumerate(counts.items()):
        word, colour = KINDS[kind]
        ax.scatter(np.arange(n), np.full(n, -row), s=640, marker='s', color=colour)
        ax.text(-.9, -row, f'{n}', color=colour, size=30, weight='bold', ha='right', va='center_baseline')
        ax.text(n - .2, -row, word, color=INK, size=19, va='center_baseline')
    ax.set(xlim=(-2.2, max(counts.values()) + 2.6), ylim=(-len(counts) + .3, .7))


def card(draw: Callable[[Axes], None], title: str, lede: str) -> bytes:
    "A card as PNG: words on the left, a picture on the right."
    fig = Figure(figsize=(12, 6.3), dpi=100, facecolor=PAPER)
    fig.add_artist(plt.Rectangle((0, 0), .012, 1, color=HEADS[0], transform=fig.transFigure))
    fig.text(.06, .86, 'toyattn_nb', size=19, color=SOFT, weight='bold', va='top')
    size, width = (36, 17) if len(title) < 60 else (27, 26)
    fig.text(.06, .74, textwrap.fill(title, width), size=size, color=INK, weight='bold', va='top', linespacing=1.15)
    below = textwrap.fill(textwrap.shorten(lede, 150, placeholder='…'), 42)
    fig.text(.06, .12, below, size=18, color=SOFT, va='bottom', linespacing=1.35)
    ax = fig.add_axes((.55, .06, .42, .86))
    ax.axis('off')
    draw(ax)
    png = BytesIO()
    fig.savefig(png, format='png', facecolor=PAPER, metadata={'Software': None})
    return png.getvalue()


def kind_of(page: str) -> str:
    "Which picture a page's card has."
    if page in ('board.html', 'full_report.html') or 'claims' in page: return 'tallies'
    if page in ('24_playground.html', 'try_it.html', 'writeup/6_formation.html', '09_training.html', 'article.html'): return 'learning'
    return 'orders'


class Picture(NamedTuple):
    "What a card has on its right."
    draw: Callable[[Axes], None]
    told: str  # the same in words


def pictures(site: dict[str, BeautifulSoup], claims: Path) -> dict[str, Picture]:
    "The pictures by their kinds, from what the site shows and from the records of the claims."
    landing, learning = carried(site['index.html']), carried(site['writeup/6_formation.html'])
    records = json.loads(claims.read_text(encoding='utf-8'))['claims']
    in_words = ', '.join(f'{n} {KINDS[kind][0]}' for kind, n in tallies(records).items())
    return {
        'orders': Picture(lambda ax: draw_orders(ax, landing.scores[-1], landing.names),
                          f'Two attention heads of a trained model rank the signal tokens {", ".join(landing.names)}: one’s order beside the other’s.'),
        'learning': Picture(lambda ax: draw_learning(ax, learning),
                            f'How much each of two heads comes to like the tokens {", ".join(learning.names)} over {max(learning.steps)} steps of training.'),
        'tallies': Picture(lambda ax: draw_tallies(ax, records), f'How the claims came out: {in_words}.')}
