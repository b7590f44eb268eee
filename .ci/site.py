"""Build the documentation site: python .ci/site.py

nbdev processes the notebooks into a Quarto website project in _proc/, smalldocs renders that to _proc/_docs/. Then what the
pages would fetch from other hosts is put beside them: fonts are left to the system, KaTeX comes from npm, where npm is installed.
"""
import ast
import html
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from itertools import groupby
from pathlib import Path

from nbdev.config import get_config
from nbdev.doclinks import NbdevLookup, _build_modidx
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs

from toyattn_nb.claims import CLAIMS

KATEX = 'https://cdn.jsdelivr.net/npm/katex@0.16.11/dist'  # what smalldocs links to
FOCUSABLE = """<script>
// On a narrow screen, wide figures and tables scroll rather than shrink until nobody can read them. What scrolls can be reached by the keyboard, and fades where it goes on.
addEventListener('load', () => {
  for (const e of document.querySelectorAll('.cell-output-display img')) e.style.minWidth = `${Math.min(.6 * (+e.getAttribute("width") || e.naturalWidth), 600)}px`;
  for (const e of document.querySelectorAll('.dataframe :is(td, th)')) if (e.textContent.length < 16) e.style.whiteSpace = 'nowrap';
  const cue = e => e.classList.toggle('goes-on', e.scrollLeft + e.clientWidth < e.scrollWidth - 2);
  for (const e of document.querySelectorAll('pre, .sd-table, .cell-output-display, .math.display')) {
    if (e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight) continue;
    e.tabIndex = 0; cue(e);
    e.addEventListener('scroll', () => cue(e), {passive: true});
  }
});
</script>
"""


def describe_figures(path: Path):
    "Give each figure without an alternative text one: its own title, or the sentence before it."
    nb, before = json.loads(path.read_text()), ''
    for cell in nb['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] != 'code':
            if paragraphs := [p for p in source.split('\n\n') if p.strip() and not p.lstrip().startswith(('#', '|', '-', ':::', '<', '```'))]: before = paragraphs[-1]
        elif 'fig-alt' not in source and any('image/png' in o.get('data', {}) for o in cell['outputs']):
            titles = re.findall(r"""(?:title=|title\()f?(['"])(.+?)\1""", source)
            text = '. '.join(dict.fromkeys(t for _, t in titles if '{' not in t)) or re.sub(r'[*`$\[\]]|\(\S+\)', '', ' '.join(before.split()))
            cell['source'] = f'#| fig-alt: {json.dumps(("Figure: " + text)[:300], ensure_ascii=False)}\n{source}'
        for o in cell.get('outputs', []):                                      # smalldocs has no eye for the width that a picture asks for
            if (width := o.get('metadata', {}).get('image/png', {}).get('width')) and (alt := re.search('fig-alt: (".*")', ''.join(cell['source']))):
                png = ''.join(o['data']['image/png']).replace('\n', '')
                o['data'] = {'text/html': f'<img width="{width}" alt="{html.escape(json.loads(alt[1]))}" src="data:image/png;base64,{png}">'}
    path.write_text(json.dumps(nb))


def decorators(node: ast.AST | None) -> list[str]:
    "A definition's decorators as they are written"
    return [ast.unparse(d) for d in getattr(node, 'decorator_list', [])]


def definitions(code: str) -> dict[str, ast.AST]:
    "Functions, classes and members of classes of a module, patched ones too, by the name that `show_doc` knows them by"
    nodes = {n.name: n for n in ast.parse(code).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    members = {f'{c}.{n.name}': n for c, node in nodes.items() if isinstance(node, ast.ClassDef) for n in node.body if isinstance(n, ast.FunctionDef)}
    patched = {f'{n.args.args[0].annotation.id}.{name}': n for name, n in nodes.items() if any(d.startswith('patch') for d in decorators(n))}
    return nodes | members | patched


def signature(node: ast.AST | None, code: str, shown: str) -> str:
    "What a reader has to know of a definition: fields of a class as they are written, with their comments; otherwise what nbdev shows, with names that users know."
    source, members = code.splitlines(), getattr(node, 'body', [])
    if isinstance(node, ast.ClassDef):
        fields = [n for n in members if isinstance(n, ast.AnnAssign)]
        if fields: return '\n'.join([f'class {node.name}:', *source[fields[0].lineno - 1:fields[-1].end_lineno]])
        shown, node = 'class' + shown.removeprefix('def'), next((n for n in members if getattr(n, 'name', None) == '__init__'), None)
        if node is None: return shown.partition('(')[0]
    for decorator, ways in dict(property=('property', 'patch(as_prop=True)'), classmethod=('classmethod', 'patch(cls_method=True)')).items():
        if {*ways} & {*decorators(node)}: shown = f'@{decorator}\n{shown}'
    shown = re.sub(r'\[`([^`]+)`\]\([^)]*\)', r'\1', shown)                                  # what nbdev links in comments
    if rest := getattr(getattr(node, 'args', None), 'kwarg', None):                          # nbdev leaves its comment out
        comment = source[rest.lineno - 1].partition('#')[2].strip()
        if comment: shown = re.sub(rf'(?m)^(\s*\*\*{rest.arg})$', rf'\1, # {comment}', shown)
    short = lambda line: re.sub(r'\b(?:\w+\.)+(?=[A-Z])', '', line[0]) + ''.join(line[1:])     # torch._C.Generator, but not in comments
    return '\n'.join(short(re.split('(?= # )', line, maxsplit=1)) for line in shown.split('\n'))


def tidy_reference(path: Path, source: Path):
    "Put what stands in one cell in the order in which it is written, say what readers need of each, and show each claim as itself rather than as its class."
    if not source.exists() or not (module := re.search(r'#\|\s*default_exp (\w+)', source.read_text())): return
    nb, code = json.loads(path.read_text()), (get_config().lib_path/f'{module[1]}.py').read_text()
    shown, defined = [re.search(r'^show_doc\(([\w.]+)', ''.join(c['source']), re.M) for c in nb['cells']], definitions(code)
    for i, (cell, m) in enumerate(zip(nb['cells'], shown)):
        if not m: continue
        text = ''.join(cell['outputs'][0]['data']['text/markdown'])
        if module[1] == 'claims' and (claim := CLAIMS.get(m[1].upper())): text = f'---\n\n### {m[1]}\n\n*{claim.statement}*\n\nHolds if: {claim.criterion}.'
        text = re.sub('(?<=```python\n)(.*?)(?=\n```)', lambda found: signature(defined.get(m[1]), code, found[1]), text, flags=re.S)
        if re.search(r'(^|\n)#+ [^\n]*$', ''.join(nb['cells'][i - 1]['source']).rstrip()): text = text.removeprefix('---\n')   # a heading has a line of its own
        cell['outputs'] = [{'output_type': 'display_data', 'metadata': {}, 'data': {'text/markdown': text}}]
    place = lambda i: defined[shown[i][1]].lineno if shown[i][1] in defined else len(code)
    runs = groupby(range(len(shown)), key=lambda i: shown[i] is not None)
    nb['cells'] = [nb['cells'][i] for documented, run in runs for i in (sorted(run, key=place) if documented else run)]
    path.write_text(json.dumps(nb))


def katex(docs: Path) -> bool:
    "KaTeX into the site; False where npm is not installed."
    if not shutil.which('npm'): return False
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(['npm', 'pack', 'katex@0.16.11', '--silent'], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob('*.tgz'))) as tar:
            for m in tar.getmembers():
                name = m.name.removeprefix('package/dist/')
                if not re.fullmatch(r'katex\.min\.(css|js)|contrib/auto-render\.min\.js|fonts/[\w-]+\.woff2', name): continue
                to = docs/'site_libs'/'katex'/name
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(tar.extractfile(m).read())
    return True


def lines(code: str) -> str:
    "Highlighted code with each line in an element of its own that knows its depth, so that what is broken can go on further in."
    out, opened = [], []
    for line in code.split('\n'):
        start, plain = ''.join(opened), re.sub('<[^>]*>', '', line)
        for tag in re.findall(r'</?span[^>]*>', line): opened.pop() if tag == '</span>' else opened.append(tag)
        out.append(f'<span class="line" style="--depth: {len(plain) - len(plain.lstrip())}ch">{start}{line}{"</span>" * len(opened)}</span>')
    return '\n'.join(out)


def typeset(text: str) -> str:
    "A rendered page with lines of code that can be indented, names that break between words, and captions that can be told from other text."
    text = re.sub(r'(<code class="sourceCode python">)(.*?)(</code>)', lambda m: m[1] + lines(m[2]) + m[3], text, flags=re.S)
    breaks = lambda m: m[1] + re.sub(r'(?<=[._])(?=\w)', '<wbr>', m[2])
    text = re.sub(r'(<h3 [^>]*>|<a href="#[^>]*class="nav-link"[^>]*>)([\w.]+)(?=<)', breaks, text)
    return re.sub(r'<p>(?=<em>(?:(?!</?em>|</p>).)*</em></p>)', '<p class="caption">', text, flags=re.S)


def symbols(docs: Path) -> tuple[dict[str, str], dict[str, str]]:
    "Where on this site a symbol is documented, its class if not itself: by the address that nbdev gives it, and for classes by name"
    pages = {re.sub(r'^\d+[a-z]?_', '', p.stem): p for p in docs.glob('*.html')}           # nbdev leaves numbers out of the names of pages
    anchors = {p: set(re.findall(r'\sid="([^"]+)"', p.read_text())) for p in pages.values()}
    places, classes = {}, {}
    for known in NbdevLookup().entries[get_config().lib_name]['syms'].values():
        for symbol, (address, *_) in known.items():
            page, name = re.search(r'(\w+)\.html#(.+)$', address).groups()
            anchor = next((a for a in (name, name.split('.')[0]) if a in anchors[pages[page]]), None)
            places[address] = pages[page].name + (f'#{anchor}' if anchor else '')
            if anchor == name and re.fullmatch('[A-Z][A-Za-z]+', short := symbol.split('.', 2)[-1]): classes[short] = places[address]
    return places, classes


def linked(text: str, up: str, places: dict[str, str], classes: dict[str, str]) -> str:
    "A rendered page whose links to symbols stay on this site, and whose signatures lead to the classes that they name"
    text = re.sub(r'(?<=href=")https://[^"]+', lambda m: up + places[m[0]] if m[0] in places else m[0], text)
    name = re.compile(rf'(?<![\w.])({"|".join(classes)})(?!\w)(?=[^<>]*<)')
    link = lambda m: f'<a href="{up}{classes[m[0]]}">{m[0]}</a>'
    signatures = r'(<div class="cell-output[^"]*cell-output-markdown">(?:(?!</div>).)*?<code class="sourceCode python">)(.*?)(?=</code>)'
    return re.sub(signatures, lambda m: m[1] + name.sub(link, m[2]), text, flags=re.S)


def stand_alone(docs: Path):
    "Make the rendered pages ask no other host for anything."
    for css in (docs/'site_libs'/'themes').glob('*.css'): css.write_text(re.sub(r'@import\s*(url\([^)]*\)|"[^"]*");?', '', css.read_text()))
    local = katex(docs)
    if not local: print('npm is not installed: formulas will be drawn by KaTeX from its own host')
    known = symbols(docs)
    for page in docs.rglob('*.html'):
        up = '../' * (len(page.relative_to(docs).parts) - 1)
        text = linked(typeset(page.read_text()), up, *known).replace('</body>', FOCUSABLE + '</body>').replace('</head>', '<link rel="icon" href="data:,">\n</head>', 1)
        text = re.sub(r'<iframe(?![^>]*\stitle=)', '<iframe title="What the cell above shows"', text)
        if local: text = text.replace(KATEX, up + 'site_libs/katex')
        page.write_text(text)


if __name__ == '__main__':
    shutil.rmtree(get_config().config_path/'_proc', ignore_errors=True)
    refresh_quarto_yml()
    _build_modidx()
    cache = proc_nbs(n_workers=0)
    for path in Path(cache).rglob('*.ipynb'):
        describe_figures(path)
        tidy_reference(path, get_config().nbs_path/path.relative_to(cache))
    # not every way of installing puts the console script on the PATH; its module is there always
    rendered = subprocess.run([sys.executable, '-m', 'smalldocs.cli', 'render', str(cache), *sys.argv[1:]]).returncode
    if rendered == 0: stand_alone(Path(cache)/'_docs')
    sys.exit(rendered)
