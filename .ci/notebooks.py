"""Look through the notebooks for what must not be committed: error outputs, paths of a machine, stored widget state.

    python .ci/notebooks.py [FOLDER]
"""
import json
import re
import sys
from pathlib import Path

machine_path = re.compile(r'(?<![\w.:/-])/(?:tmp|root|home|work|Users)/[\w.-]+|site-packages')


def problems(path: Path) -> list[str]:
    "What is wrong in one notebook"
    nb = json.loads(path.read_text())
    found = [f'{path}: stored widget state (metadata.widgets)'] if 'widgets' in nb['metadata'] else []
    for i, cell in enumerate(nb['cells']):
        where, source, outputs = f'{path} cell {i}', ''.join(cell['source']), cell.get('outputs', [])
        if any(o['output_type'] == 'error' for o in outputs): found.append(f'{where}: an error output')
        if m := machine_path.search(source + '\n'.join(texts(outputs))): found.append(f'{where}: a path of a machine, {m[0]}')
    return found


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
