"""Look through the notebooks for what must not be committed: error outputs, paths of a machine, stored widget state, pages with a former
version of the widgets, text in the first cell that the site drops.

    python .ci/notebooks.py [FOLDER]
"""
import json
import re
import sys
from pathlib import Path

machine_path = re.compile(r'(?<![\w.:/-])/(?:tmp|root|home|work|Users)/[\w.-]+|site-packages')
static = Path(__file__).resolve().parent.parent/'toyattn_nb'/'static'


def problems(path: Path) -> list[str]:
    "What is wrong in one notebook"
    nb = json.loads(path.read_text())
    found = [f'{path}: stored widget state (metadata.widgets)'] if 'widgets' in nb['metadata'] else []
    if lost := [l for l in ''.join(nb['cells'][0]['source']).split('\n') if l.strip() and not l.startswith(('# ', '> '))]:
        found.append(f'{path}: beside the title and the summary its first cell holds what the site will not show: {lost[0]!r}')
    for i, cell in enumerate(nb['cells']):
        where, source, outputs = f'{path} cell {i}', ''.join(cell['source']), cell.get('outputs', [])
        if any(o['output_type'] == 'error' for o in outputs): found.append(f'{where}: an error output')
        for o in outputs:
            for file in stale(''.join(o.get('data', {}).get('text/html', ''))): found.append(f'{where}: its widget is not of the present {file}: run the notebook again')
        if m := machine_path.search(source + '\n'.join(texts(outputs))): found.append(f'{where}: a path of a machine, {m[0]}')
    return found


def stale(html: str) -> list[str]:
    "The files in `toyattn_nb/static/` of which a widget's page does not carry the present text."
    used = {'model': 'model.js'} | {name: f'{name}.js' for name in re.findall(r'data-widget="(\w+)">', html)} if '<script type="module">' in html else {}
    kept = lambda text: ''.join(l for l in text.splitlines(True) if not l.startswith('import ')).replace('export default {', 'const widget = {')
    return [file for file in used.values() if kept((static/file).read_text(encoding='utf-8')) not in html]


def texts(node) -> list[str]:
    "Every string in the outputs, except encoded pictures"
    if isinstance(node, str): return [node]
    if isinstance(node, list): return [''.join(node)] if node and all(isinstance(o, str) for o in node) else [t for o in node for t in texts(o)]
    if isinstance(node, dict): return [t for k, o in node.items() if not k.startswith('image/p') for t in texts(o)]
    return []


if __name__ == '__main__':
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else 'nbs')
    paths = sorted(p for p in folder.rglob('*.ipynb') if not any(o.startswith(('.', '_')) for o in p.relative_to(folder).parts))
    found = [p for path in paths for p in problems(path)]
    print(*found, f'{len(paths)} notebooks, {len(found)} problems', sep='\n')
    sys.exit(bool(found) or not paths)
