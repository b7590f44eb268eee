"""How much a reader has to take in at once: python .ci/density.py

Counts, in each module of the package, syntax nodes a line of code and lines that are too long; and in the notebooks, how long exported
cells are. Comments, docstrings and empty lines are no code. The exit status says whether the bars below are kept.
"""
import ast
import json
import statistics
import sys
from pathlib import Path

OVERALL, MODULE = 8.0, 9.0  # syntax nodes a line: of all modules together, of the densest
LONG, SHARE = 120, .01      # characters of a line, share of lines that may have more
CELL = 15                   # lines of an exported cell, in the median

root = Path(__file__).resolve().parent.parent


def docstring(node: ast.AST) -> set[int]:
    "The numbers of the lines of a definition's docstring"
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if not isinstance(node, documented) or ast.get_docstring(node) is None: return set()
    first = node.body[0]
    return set(range(first.lineno, first.end_lineno + 1))


def code_lines(text: str, tree: ast.Module) -> list[str]:
    "The lines that are code"
    documentation = set().union(*(docstring(node) for node in ast.walk(tree)))
    numbered = enumerate(text.splitlines(), start=1)
    lines = [line for number, line in numbered if number not in documentation]
    return [line for line in lines if line.strip() and not line.lstrip().startswith('#')]


def measure(path: Path) -> tuple[int, int, int]:
    "Syntax nodes, lines of code, lines of code that are too long"
    text = path.read_text(encoding='utf-8')
    tree = ast.parse(text)
    nodes = [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    lines = code_lines(text, tree)
    return len(nodes), len(lines), sum(len(line) > LONG for line in lines)


def exported(path: Path) -> list[int]:
    "How many lines each exported cell of a notebook has, without directives and empty lines"
    lengths = []
    for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
        if cell['cell_type'] != 'code': continue
        lines = [line for line in ''.join(cell['source']).splitlines() if line.strip()]
        directives = [line for line in lines if line.startswith('#|')]
        words = [line[2:].split()[0] for line in directives if line[2:].strip()]
        if {'export', 'exporti', 'exports'} & set(words):
            lengths.append(len(lines) - len(directives))
    return lengths


def modules() -> list[str]:
    "Print each module's density; what is too dense or too long"
    found = []
    all_nodes = all_lines = all_long = 0
    for path in sorted((root/'toyattn_nb').glob('*.py')):
        if path.name == '_modidx.py': continue  # nbdev's index
        nodes, lines, long = measure(path)
        all_nodes += nodes
        all_lines += lines
        all_long += long
        density = nodes / max(lines, 1)
        print(f'{path.name:<20} {density:5.2f} nodes a line, {lines:5} lines, {long:3} long')
        if density > MODULE:
            found.append(f'{path.name}: {density:.2f} nodes a line, more than {MODULE}')
    density, share = all_nodes / all_lines, all_long / all_lines
    print(f'{"all modules":<20} {density:5.2f} nodes a line, {all_lines:5} lines, {all_long:3} long')
    if density > OVERALL:
        found.append(f'all modules: {density:.2f} nodes a line, more than {OVERALL}')
    if share > SHARE:
        found.append(f'all modules: {share:.1%} of lines over {LONG} characters, more than {SHARE:.0%}')
    return found


def cells() -> list[str]:
    "Print the length of exported cells by notebook; whether they are too long"
    together = []
    for path in sorted((root/'nbs').glob('*.ipynb')):
        lengths = exported(path)
        if not lengths: continue
        together += lengths
        median, most = statistics.median(lengths), max(lengths)
        print(f'{path.name:<24} {len(lengths):3} exported cells, {median:5.1f} lines in the median, {most:3} at most')
    median = statistics.median(together)
    print(f'{"all notebooks":<24} {len(together):3} exported cells, {median:5.1f} lines in the median')
    return [f'exported cells have {median} lines in the median, more than {CELL}'] if median > CELL else []


if __name__ == '__main__':
    problems = modules() + cells()
    print(*problems, sep='\n')
    sys.exit(bool(problems))
