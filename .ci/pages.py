"""What becomes of a rendered page before it is published; `site.py` calls `finish`.

Pages are read by a parser, changed as trees and written again. What several pages share, they get from one file: the
code of the widgets, which notebooks carry in elements with `data-toyattn`, and the script of every page. Such a file
has its content's hash in its name, so that a browser that kept an older one asks anew. What other places show of a link
to a page, its title, a sentence and a picture, stands in its head, see `cards.py`.
"""
import base64
import copy
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.dammit import EntitySubstitution
from bs4.formatter import HTMLFormatter
from nbdev.config import get_config
from nbdev.doclinks import NbdevLookup

import cards

from toyattn_nb.beside import _beside_script
from toyattn_nb.full_report import full_report_css
from toyattn_nb.playground import _playground_module
from toyattn_nb.widgets import _page_script, _static

KATEX = 'https://cdn.jsdelivr.net/npm/katex@0.16.11/dist'    # what smalldocs links to
SHARED = 'site_libs/toyattn'                                 # the folder of what pages share
CARDS = 'site_libs/cards'                                    # the folder of pictures of links
FIGURES = 'site_libs/figures'                                # the folder of figures
RECORDS = 'verdicts/claims.json', 'verdicts/figures/*.svg', 'versions.txt'   # what pages are made of, published beside them
READING = Path(__file__).with_name('reading.js')             # the script of every page


class AsWritten(HTMLFormatter):
    "HTML as browsers read it, attributes in the order in which they stood."
    def attributes(self, tag: Tag) -> list[tuple[str, str | None]]:
        return list(tag.attrs.items())


WRITTEN = AsWritten(EntitySubstitution.substitute_xml, void_element_close_prefix='')


def read(path: Path) -> BeautifulSoup:
    "A page as a tree."
    return BeautifulSoup(path.read_text(encoding='utf-8'), 'html.parser', multi_valued_attributes=None)


def write(path: Path, page: BeautifulSoup) -> None:
    "The tree as a page again."
    path.write_text(page.decode(formatter=WRITTEN), encoding='utf-8')


def classes(tag: Tag) -> list[str]:
    "The names in its `class`"
    return str(tag.get('class', '')).split()


# --- what pages share

class Shared:
    "Files that pages link to: written when the first page asks for one."
    def __init__(self, docs: Path):
        self.docs, self.places = docs, dict[str, str]()

    def place(self, name: str, content: Callable[[], str]) -> str:
        "Where the file is, from the top of the site: its name with its content's hash."
        if name not in self.places:
            data = content().encode()
            stem, suffix = name.rsplit('.', 1)
            place = f'{SHARED}/{stem}-{hashlib.sha256(data).hexdigest()[:10]}.{suffix}'
            (self.docs/place).parent.mkdir(parents=True, exist_ok=True)
            (self.docs/place).write_bytes(data)
            self.places[name] = place
        return self.places[name]


def widget_code(file: str) -> str:
    "What the package has today under the name that an element with code gives."
    if file == 'full_report.css': return full_report_css()
    if file == 'beside.js': return _beside_script()
    if file.endswith('.css'): return _static(file)
    name = file.removesuffix('.js')
    return _page_script(name, _playground_module() if name == 'playground' else None)


def take_code(page: BeautifulSoup, up: str, shared: Shared) -> None:
    "Links to the widgets' files in place of the code that their outputs carry."
    marked = page.select('style[data-toyattn], script[data-toyattn]')
    for file in dict.fromkeys(str(element['data-toyattn']) for element in marked):
        place = up + shared.place(file, lambda file=file: widget_code(file))
        if file.endswith('.css'): link = page.new_tag('link', rel='stylesheet', href=place)
        else: link = page.new_tag('script', type='module', src=place)
        page.head.append(link)
    for element in marked: element.decompose()


# --- code, names, captions

def by_line(node: Tag) -> Iterator[list]:
    "What is in an element, line by line; an element that goes on in the next line is opened there again."
    line: list = []
    for child in node.children:
        if isinstance(child, Tag): parts = [[wrapped(child, some)] for some in by_line(child)]
        else: parts = [[NavigableString(text)] for text in str(child).split('\n')]
        for part in parts[:-1]:
            yield line + part
            line = []
        line += parts[-1]
    yield line


def wrapped(tag: Tag, content: list) -> Tag:
    "The same element around something else"
    other = copy.copy(tag)
    other.clear()
    other.extend(content)
    return other


def indent_lines(page: BeautifulSoup) -> None:
    "Each line of code in an element that knows its depth, so that what is broken can go on further in."
    for code in page.select('code.sourceCode.python'):
        lines: list = []
        for content in by_line(code):
            text = ''.join(part.get_text() if isinstance(part, Tag) else str(part) for part in content)
            depth = len(text) - len(text.lstrip())
            line = page.new_tag('span', attrs={'class': 'line', 'style': f'--depth: {depth}ch'})
            line.extend(content)
            lines += [line, NavigableString('\n')]
        code.clear()
        code.extend(lines[:-1])


def break_names(page: BeautifulSoup) -> None:
    "Long names in headings and contents break between their words."
    for place in page.select('h3, a.nav-link[href^="#"]'):
        first = next(place.children, None)
        if isinstance(first, Tag) or first is None or not re.fullmatch(r'[\w.]+', first): continue
        start, *more = re.split(r'(?<=[._])(?=\w)', first)
        pieces: list = [start]
        for piece in more: pieces += [page.new_tag('wbr'), piece]
        first.replace_with(*pieces)


def mark_captions(page: BeautifulSoup) -> None:
    "A paragraph of nothing but emphasised text is a caption."
    for text in page.select('p > em:only-child'):
        paragraph = text.parent
        if len(paragraph.contents) == 1 and not text.em and not paragraph.has_attr('class'):
            paragraph['class'] = 'caption'


def complete_contents(page: BeautifulSoup) -> None:
    "Headings of a report or a board stand in the contents, before the others."
    contents = page.select_one('#TOC > ul')
    if contents is None: return
    for heading in reversed(page.select('.report :is(h2, h3)[id], .board > h2[id]')):
        address = f'#{heading["id"]}'
        link = page.new_tag('a', attrs={'class': 'nav-link', 'href': address, 'data-scroll-target': address}, string=heading.get_text())
        line = page.new_tag('li')
        line.append(link)
        contents.insert(0, line)


SHADES = re.compile(r'\b(dark|darker|light|lighter|pale|paler|black|white|bright|brighter|faint|shade[sd]?|shading)\b', re.I)


def around(image: Tag) -> str:
    "What is said of a figure: in its place, in the paragraph before its cell and in those after it, up to other code."
    cell = image.find_parent(class_='cell') or image.parent
    said = [str(image.get('alt', ''))]
    before = cell.find_previous_sibling()
    if before is not None and before.name == 'p': said.append(before.get_text())
    for after in cell.find_next_siblings(limit=2):
        if after.name != 'p': break
        said.append(after.get_text())
    return ' '.join(said)


def keep_shades(page: BeautifulSoup) -> None:
    "Figures of a page whose text names dark and light stay as they are drawn, also where the page is dark: all of them, since they are compared."
    images = page.select('main img')
    if not any(SHADES.search(around(image)) for image in images): return
    for image in images: image['class'] = ' '.join([*classes(image), 'as-drawn'])


# --- figures

SMALLEST = 9                                     # pixels: letters of figures are no smaller, so far as a figure's own are not
POINT = 96 / 72                                  # pixels
SIZE_OF_LETTERS = re.compile(rb'font(?:-size)?: *([\d.]+)px')


def take_figures(page: BeautifulSoup, name: str, docs: Path) -> None:
    "Figures as files of their own, in their natural size, shrunk where there is less room, but not until letters are too small."
    start, up = 'data:image/svg+xml;base64,', '../' * name.count('/')
    for image in page.select(f'main img[src^="{start}"]'):
        svg = base64.b64decode(str(image['src']).removeprefix(start))
        file = f'{FIGURES}/{hashlib.sha256(svg).hexdigest()[:16]}.svg'
        (docs/file).parent.mkdir(parents=True, exist_ok=True)
        (docs/file).write_bytes(svg)
        image['src'] = up + file
    for image in page.select('main img[src$=".svg"]'):
        svg = (docs/name).parent.joinpath(str(image['src'])).read_bytes()
        box = ElementTree.fromstring(svg).attrib['viewBox'].split()   # in points
        width, height = (round(POINT * float(side)) for side in box[2:])
        letters = [POINT * float(size) for size in SIZE_OF_LETTERS.findall(svg)]
        least = min(1, SMALLEST / min(letters)) if letters else 1
        image.attrs |= dict(width=str(width), height=str(height), loading='lazy', style=f'min-width: {least * width:.0f}px')


# --- links to what is documented

class Symbols(NamedTuple):
    "Where on this site what is documented, a class if not the symbol itself"
    places: dict[str, str]   # by the address that nbdev gives it
    classes: dict[str, str]  # by a class's name


def symbols(pages: dict[str, BeautifulSoup]) -> Symbols:
    "Where on this site the package's symbols are documented"
    named = {re.sub(r'^\d+_', '', Path(name).stem): name for name in pages if '/' not in name}  # without numbers, as by nbdev
    anchors = {page: {e['id'] for e in pages[name].select('[id]')} for page, name in named.items()}
    known = Symbols({}, {})
    for module in NbdevLookup().entries[get_config().lib_name]['syms'].values():
        for symbol, (address, *_) in module.items():
            page, _, name = address.rpartition('/')[2].partition('.html#')
            if page not in named: continue                                      # of a module that has no page
            anchor = next((a for a in (name, name.split('.')[0]) if a in anchors[page]), None)
            known.places[address] = named[page] + (f'#{anchor}' if anchor else '')
            short = symbol.split('.', 2)[-1]
            if anchor == name and re.fullmatch('[A-Z][A-Za-z]+', short): known.classes[short] = known.places[address]
    return known


def link_symbols(page: BeautifulSoup, up: str, known: Symbols) -> None:
    "Links to symbols stay on this site, and signatures lead to the classes that they name."
    for link in page.select('a[href^="https://"]'):
        if link['href'] in known.places: link['href'] = up + known.places[link['href']]
    name = re.compile(rf'(?<![\w.])({"|".join(known.classes)})(?!\w)')
    for text in page.select('.cell-output-markdown code.sourceCode.python')[:]:
        for piece in list(text.find_all(string=name)):
            if piece.find_parent('a'): continue
            between, *found = name.split(piece)
            parts: list = [between]
            for word, after in zip(found[::2], found[1::2]):
                parts += [page.new_tag('a', href=up + known.classes[word], string=word), after]
            piece.replace_with(*[part for part in parts if part])


# --- what other hosts have

def ask_nobody(page: BeautifulSoup, up: str) -> None:
    "Formulas are drawn by the copy of KaTeX that is beside the pages."
    for element in page.select(f'[href^="{KATEX}"], [src^="{KATEX}"]'):
        for name in 'href', 'src':
            if element.get(name): element[name] = str(element[name]).replace(KATEX, f'{up}site_libs/katex')
    for script in page.find_all('script', string=lambda text: text is not None and KATEX in text):
        script.string = script.string.replace(KATEX, f'{up}site_libs/katex')


def name_frames(page: BeautifulSoup) -> None:
    "A frame says what it is."
    for frame in page.select('iframe:not([title])'): frame['title'] = 'What the cell above shows'


# --- by keyboard, by search

def skip_links(page: BeautifulSoup) -> None:
    "The first stops of the keyboard: past the navigation, to the text and to what can be tried."
    places = [('quarto-document-content', 'Skip to the text')]
    widget = page.select_one('.toyattn')
    if widget is not None: places.append((f'{widget["data-widget"]}1', 'Skip to the model'))  # as page.js names it
    links = [page.new_tag('a', href=f'#{place}', attrs={'class': 'skip-link'}, string=text) for place, text in places]
    page.body.insert(0, page.new_tag('nav', attrs={'class': 'skip-links', 'aria-label': 'Skip'}))
    page.body.nav.extend(links)


ASKED = (  # what visitors ask after: address, title, what stands below, beginnings of the words that they type
    ('index.html#two-commands', 'How to install', 'Two commands, complete on a fresh machine.', 'installing setup pip download'),
    ('board.html', 'The verdicts', 'Which claims hold, each with the number that decided it.', 'verdicts claims holds board results'),
    ('24_playground.html', 'Train it', 'Train models in this browser and watch what their heads come to prefer.', 'training playground'),
    ('try_it.html', 'Try it', 'A trained model, to look into and to change.', 'try trying inspector demo example'),
    ('full_report.html', 'The report', 'All claims with every number and every control.', 'reports'),
    ('contributing.html', 'Contributing', 'How the notebooks are edited, tested and published.', 'contributing'))


def answer_first(docs: Path) -> None:
    "The index of the search: what visitors ask after in front, tests of the project left out."
    index = json.loads((docs/'search.json').read_text(encoding='utf-8'))
    kept = [entry for entry in index if not entry['href'].startswith('tests_')]
    asked = [dict(objectID=f'asked {address}', href=address, title=title, section='', text=text, asks=words.split())
             for address, title, text, words in ASKED if (docs/address.split('#')[0]).exists()]
    (docs/'search.json').write_text(json.dumps(asked + kept, ensure_ascii=False), encoding='utf-8')


# --- what a link to a page is shown with

FRONT = 'How attention heads share out what to look at'      # the front page's title where it is shown by itself


def describe(page: BeautifulSoup, name: str, docs: Path, pictures: dict[str, cards.Picture]) -> None:
    "Title, description, address and picture, for those who show a link to the page."
    config, picture = get_config(), pictures[cards.kind_of(name)]
    home = f'{config.doc_host}{config.doc_baseurl}/'
    text = page.select_one('meta[name="description"]')
    if text is None:
        text = page.new_tag('meta', attrs={'name': 'description', 'content': config.description})
        page.head.append(text)
    front = name == 'index.html'
    title = FRONT if front else str(page.title.string).removesuffix(f' – {config.title}')
    card = f'{CARDS}/{name.removesuffix(".html").replace("/", "_")}.png'
    (docs/card).parent.mkdir(parents=True, exist_ok=True)
    (docs/card).write_bytes(cards.card(picture.draw, title, str(text['content'])))
    address = home + ('' if front else name)
    told = {
        'og:title': title, 'og:description': text['content'],
        'og:type': 'website' if front else 'article', 'og:url': address, 'og:site_name': config.title,
        'og:image': home + card, 'og:image:width': '1200', 'og:image:height': '630', 'og:image:alt': picture.told}
    for old in page.select('meta[property^="og:"], meta[name^="twitter:"]'): old.decompose()
    for key, value in told.items(): page.head.append(page.new_tag('meta', attrs={'property': key, 'content': value}))
    large = {'name': 'twitter:card', 'content': 'summary_large_image'}
    page.head.append(page.new_tag('meta', attrs=large))
    page.head.append(page.new_tag('link', rel='canonical', href=address))


# --- the whole

def finish(docs: Path, katex_here: bool) -> None:
    "All pages of the site as they are published."
    shared = Shared(docs)
    pages = {path.relative_to(docs).as_posix(): read(path) for path in sorted(docs.rglob('*.html'))}
    known = symbols(pages)
    notebooks = get_config().nbs_path
    for file in (found for pattern in RECORDS for found in notebooks.glob(pattern)):
        to = docs/file.relative_to(notebooks)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, to)
    pictures = cards.pictures(pages, notebooks/'verdicts'/'claims.json')
    for name, page in pages.items():
        up = '../' * name.count('/')
        indent_lines(page)
        complete_contents(page)
        break_names(page)
        mark_captions(page)
        keep_shades(page)
        take_figures(page, name, docs)
        link_symbols(page, up, known)
        name_frames(page)
        if katex_here: ask_nobody(page, up)
        take_code(page, up, shared)
        describe(page, name, docs, pictures)
        skip_links(page)
        reading = up + shared.place('reading.js', lambda: READING.read_text(encoding='utf-8'))
        page.head.append(page.new_tag('script', src=reading, defer=''))
        page.head.append(page.new_tag('link', rel='icon', href='data:,'))
        write(docs/name, page)
    answer_first(docs)
