"""The pictures that a link to a page is shown with elsewhere, 1200 by 630 pixels, drawn from what the pages show.

Two kinds: what two heads came to prefer, from the model of the landing page, and how the claims came out, from the
records of the board. Each with the words of the page that it is for.
"""
import base64
import json
import textwrap
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

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


def preferred(landing: BeautifulSoup) -> tuple[np.ndarray, list[str]]:
    "What each head of the landing page's model scores the tokens that decide, (n_head, n_token), and their names."
    traits = json.loads(landing.select_one('[data-widget="inspector"] script').string)
    spec = traits['_spec']
    packed = np.frombuffer(base64.b64decode(traits['_weights']), dtype='<f4')
    sizes = spec['n_head'], len(spec['queries']), spec['n_vocab']
    scores = packed[:np.prod(sizes)].reshape(sizes)[:, 0]      # (n_head, n_vocab), of the first model
    return scores[:, spec['marked']], [spec['token_names'][t] for t in spec['marked']]


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
    fig.text(.06, .74, textwrap.fill(title, 19), size=36, color=INK, weight='bold', va='top', linespacing=1.15)
    fig.text(.06, .12, textwrap.fill(lede, 42), size=18, color=SOFT, va='bottom', linespacing=1.35)
    ax = fig.add_axes((.55, .06, .42, .86))
    ax.axis('off')
    draw(ax)
    png = BytesIO()
    fig.savefig(png, format='png', facecolor=PAPER, metadata={'Software': None})
    return png.getvalue()


def kind_of(page: str) -> str:
    "Which card a page has: a key of `WORDS`."
    if page in ('board.html', 'full_report.html'): return 'verdicts'
    if page in ('24_playground.html', 'try_it.html'): return 'try'
    if page.startswith('writeup/') or page == 'article.html': return 'story'
    return 'front' if page == 'index.html' else 'reference'


WORDS = {  # of a card: title, what stands below, what the picture shows
    'front': ('How attention heads share out what to look at',
              'Toy transformers, trained by the hundred, opened up and measured. Switch a head off yourself.'),
    'verdicts': ('Which claims about attention heads hold?',
                 'Each with the number that decided it, beside its bar and its control.'),
    'try': ('Watch two heads learn to share',
            'Train tiny transformers in your browser, dozens at a time, and look inside each.'),
    'story': ('Two heads, opposite tastes', 'Why attention heads divide the work when nobody asks them to.'),
    'reference': ('Toy attention, by the hundred',
                  'Train, judge exactly, open up and compare attention-only transformers, in Python.')}
ALT = {
    'orders': 'Two attention heads of a trained model rank the signal tokens {}: one’s order beside the other’s.',
    'tallies': 'How the claims came out: {}.'}


def draw_cards(landing: BeautifulSoup, claims: Path, folder: Path) -> dict[str, str]:
    "All cards into a folder; for each kind what its picture shows, in words."
    scores, names = preferred(landing)
    records = json.loads(claims.read_text(encoding='utf-8'))['claims']
    folder.mkdir(parents=True, exist_ok=True)
    in_words = ', '.join(f'{n} {KINDS[kind][0]}' for kind, n in tallies(records).items())
    told = {}
    for kind, (title, lede) in WORDS.items():
        if kind == 'verdicts':
            png = card(lambda ax: draw_tallies(ax, records), title, lede)
            told[kind] = ALT['tallies'].format(in_words)
        else:
            png = card(lambda ax: draw_orders(ax, scores, names), title, lede)
            told[kind] = ALT['orders'].format(', '.join(names))
        (folder/f'{kind}.png').write_bytes(png)
    return told
