"""Build the documentation site: python .ci/site.py

nbdev processes the notebooks into a Quarto website project in _proc/, smalldocs renders that to _proc/_docs/. Then what
the pages would fetch from other hosts is put beside them: fonts are left to the system, KaTeX comes from npm, where npm
is installed.
"""
import ast
import base64
import html
import inspect
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from execnb.nbio import NbCell
from fastcore import docments
from nbdev import processors, serve_drv
from nbdev.config import get_config
from nbdev.doclinks import _build_modidx
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs

import pages

from toyattn_nb.data import KINDS_OF_TASK

CODE = re.compile(r'(?<=```python\n)(.*?)(?=\n```)', re.DOTALL)  # a signature, as nbdev shows it
NOT_PROSE = '#', '|', '-', ':::', '<', '```'                     # how paragraphs begin that describe no figure


def describe_figures(path: Path) -> None:
    "Give each figure without an alternative text one: its own title, or the sentence before it."
    nb, before = json.loads(path.read_text()), ''
    for cell in nb['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] != 'code':
            prose = [p for p in source.split('\n\n') if p.strip() and not p.lstrip().startswith(NOT_PROSE)]
            if prose: before = prose[-1]
        if 'outputs' in cell: cell['outputs'] = [output for output in cell['outputs'] if not stands_still(output)]
        for output in cell.get('outputs', []): as_image(output, described(source) or f'Figure: {titles(source) or plain(before)}'[:300])
    path.write_text(json.dumps(nb))


def described(source: str) -> str | None:
    "The alternative text that a cell gives its figure"
    found = re.search('fig-alt: (".*")', source)
    return json.loads(found[1]) if found else None


def stands_still(output: dict) -> bool:
    "Is this a bar of progress, of which a page has nothing but its beginning?"
    data = output.get('data', {})
    return 'application/vnd.jupyter.widget-view+json' in data and 'text/html' not in data


def titles(source: str) -> str:
    "The titles that a cell gives its figure, where they stand there word by word"
    found = re.findall(r"""(?:title=|title\()f?(['"])(.+?)\1""", source)
    return '. '.join(dict.fromkeys(title for _, title in found if '{' not in title))


def plain(markdown: str) -> str:
    "A paragraph in one line, without marks and addresses"
    return re.sub(r'[*`$\[\]]|\(\S+\)', '', ' '.join(markdown.split()))


def as_image(output: dict, text: str) -> None:
    "Make a figure HTML, with its alternative text."
    svg = ''.join(output.get('data', {}).get('image/svg+xml', ''))
    if not svg: return
    source = base64.b64encode(svg.encode()).decode()
    output['data'] = {'text/html': f'<img alt="{html.escape(text)}" src="data:image/svg+xml;base64,{source}">'}


class Definition(NamedTuple):
    "A function or a class, as an exported cell of a notebook has it."
    node: ast.FunctionDef | ast.ClassDef
    source: list[str]  # the lines of its cell
    place: int         # how many definitions stand before it in the notebook


def definitions(notebook: dict) -> dict[str, Definition]:
    "What a notebook exports, to whichever module, and the members of its classes, by the names that `show_doc` knows"
    found: dict[str, Definition] = {}
    for cell in notebook['cells']:
        code = ''.join(cell['source'])
        if cell['cell_type'] != 'code' or not re.search(r'^#\|\s*exports?\b', code, re.MULTILINE): continue
        source = code.splitlines()
        for node in ast.parse(code).body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)): continue
            found[node.name] = Definition(node, source, len(found))
            for method in methods(node): found[f'{node.name}.{method.name}'] = Definition(method, source, len(found))
    return found


def methods(node: ast.AST) -> list[ast.FunctionDef]:
    "What a class defines; nothing for a function"
    if not isinstance(node, ast.ClassDef): return []
    return [n for n in node.body if isinstance(n, ast.FunctionDef)]


def signature(definition: Definition) -> str:
    "What a reader has to know of a definition, as it is written, with its comments"
    node, source, _ = definition
    if isinstance(node, ast.ClassDef): return class_signature(node, source)
    told = 'property', 'classmethod', 'staticmethod', 'contextmanager'
    decorators = [f'@{name}' for name in map(ast.unparse, node.decorator_list) if name in told]
    return '\n'.join([*decorators, as_written(node, source)])


def class_signature(node: ast.ClassDef, source: list[str]) -> str:
    "How a class is called, where it says that itself, and its fields."
    fields = [n for n in node.body if isinstance(n, ast.AnnAssign) and not ast.unparse(n.target).startswith('_')]
    written = [line for field in fields for line in source[field.lineno - 1:field.end_lineno]]
    init = next((m for m in methods(node) if m.name == '__init__'), None)
    if init is None: head = f'class {node.name}'
    else: head = re.sub(r'( -> None)?:$', '', as_written(init, source).replace('def __init__', f'class {node.name}'))
    return '\n'.join([f'{head}:', *written]) if written else head


def as_written(function: ast.FunctionDef, source: list[str]) -> str:
    "A function's head, without `self`, and without the quotes of a name that only comes later"
    first = function.body[0]
    lines = source[function.lineno - 1:first.lineno]
    lines[-1] = lines[-1].encode()[:first.col_offset].decode()      # columns are counted in bytes
    text = textwrap.dedent('\n'.join(lines)).rstrip()
    text = re.sub(r'\A(def \w+)\((self|cls)\b,? ?', r'\1(', text)
    return re.sub(r"(?m)^([^#\n]*?(?:->\s*|:))'([^'\n]+)'", r'\1\2', text)


def shown_name(cell: dict) -> str | None:
    "What a cell of the site documents: a name, or None"
    found = re.search(r'^show_doc\(([\w.]+)', ''.join(cell['source']), re.MULTILINE)
    return found[1] if found else None


def under_heading(cell: dict) -> bool:
    "Does a cell end in a heading, which has a line of its own?"
    return bool(re.search(r'(^|\n)#+ [^\n]*$', ''.join(cell['source']).rstrip()))


def tidy_reference(path: Path, source: Path) -> None:
    "Say what readers need of each definition, and put those of one cell in the order in which they are written."
    if not source.exists(): return
    nb, defined = json.loads(path.read_text()), definitions(json.loads(source.read_text()))
    cells = nb['cells']
    for before, cell in zip([None, *cells], cells):
        name = shown_name(cell)
        if name is None or not cell['outputs']: continue
        text = ''.join(cell['outputs'][0]['data']['text/markdown'])
        if name in defined:
            shown, code = CODE.search(text), signature(defined[name])
            if shown: text = text[:shown.start()] + code + text[shown.end():]
        if before and under_heading(before): text = text.removeprefix('---\n')
        cell['outputs'] = [{'output_type': 'display_data', 'metadata': {}, 'data': {'text/markdown': text}}]

    def place(cell: dict) -> int:
        name = shown_name(cell)
        return defined[name].place if name in defined else len(defined)

    tidy: list[dict] = []
    for documents_some, run in groupby(cells, key=lambda cell: shown_name(cell) is not None):
        some = list(run)
        tidy += sorted(some, key=place) if documents_some else some
    path.write_text(json.dumps(nb | {'cells': tidy}))


def signature_as_written(function: Callable, **options: Any) -> inspect.Signature:
    "A function's signature; annotations that only a type checker can look up stay as they are written."
    try: return inspect.signature(function, **options)
    except NameError: return inspect.signature(function)


def kinds_kept(process: Callable) -> Callable:
    "Process a notebook, and leave the package's own tasks registered, where it has defined one of them again."
    def one(*args: Any, **kwargs: Any) -> Any:
        kept = dict(KINDS_OF_TASK)
        try: return process(*args, **kwargs)
        finally: KINDS_OF_TASK.update(kept)
    return one


def documents(cell: NbCell) -> bool:
    "Does a cell have to run for the reference? Definitions, `show_doc`, imports; not a check that imports something."
    if cell.cell_type != 'code' or not cell.source: return False
    if cell.directives_.keys() & {'export', 'exports', 'exporti', 'exec_doc'} or shown_name(cell): return True
    imports = [isinstance(node, (ast.Import, ast.ImportFrom)) for node in cell.parsed_() or ()]
    return any(imports) if 'hide' in cell.directives_ else bool(imports) and all(imports)


KATEX_FILES = re.compile(r'package/dist/(katex\.min\.(css|js)|contrib/auto-render\.min\.js|fonts/[\w-]+\.woff2)')


def katex(docs: Path) -> bool:
    "KaTeX into the site; False where npm is not installed."
    if not shutil.which('npm'): return False
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(['npm', 'pack', 'katex@0.16.11', '--silent'], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob('*.tgz'))) as tar:
            for member in tar.getmembers():
                wanted, content = KATEX_FILES.fullmatch(member.name), tar.extractfile(member)
                if not (wanted and content): continue
                to = docs/'site_libs'/'katex'/wanted[1]
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(content.read())
    return True


def stand_alone(docs: Path) -> None:
    "Make the rendered pages ask no other host for anything."
    for css in (docs/'site_libs'/'themes').glob('*.css'):
        css.write_text(re.sub(r'@import\s*(url\([^)]*\)|"[^"]*");?', '', css.read_text()))
    katex_here = katex(docs)
    if not katex_here: print('npm is not installed: formulas will be drawn by KaTeX from its own host')
    pages.finish(docs, katex_here)


if __name__ == '__main__':
    shutil.rmtree(get_config().config_path/'_proc', ignore_errors=True)
    refresh_quarto_yml()
    _build_modidx()
    docments.signature = signature_as_written  # which `show_doc` asks
    processors._do_eval = documents            # nbdev would also run checks that import something
    serve_drv.main = kinds_kept(serve_drv.main)
    cache = proc_nbs(n_workers=0)
    for path in Path(cache).rglob('*.ipynb'):
        describe_figures(path)
        tidy_reference(path, get_config().nbs_path/path.relative_to(cache))
    # not every way of installing puts the console script on the PATH; its module is there always
    render = [sys.executable, '-m', 'smalldocs.cli', 'render', str(cache), *sys.argv[1:]]
    rendered = subprocess.run(render, check=False).returncode
    if rendered == 0: stand_alone(Path(cache)/'_docs')
    sys.exit(rendered)
