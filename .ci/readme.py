"""Make README.md and CONTRIBUTING.md from their notebooks: python .ci/readme.py [--check]

`nbdev_readme` does the same through Quarto; this needs nbconvert only. With --check nothing is written, and the exit
status says whether the files are in step with the notebooks.
"""
import re
import sys
from pathlib import Path

import nbformat
from execnb.nbio import nb2str, read_nb
from nbconvert import MarkdownExporter
from nbdev.config import get_config
from nbdev.processors import FilterDefaults
from traitlets.config import Config

pages = {'README.md': get_config().readme_nb, 'CONTRIBUTING.md': 'contributing.ipynb'}


def site_only(cell) -> bool:
    "Is it code that the site hides, whose output is a living page? A README shows neither."
    if cell.cell_type != 'code' or '#| echo: false' not in ''.join(cell.source): return False
    return any('text/html' in output.get('data', {}) for output in cell.outputs)


def processed(path: Path):
    "The notebook as the site shows it (hidden cells gone, flags obeyed), with its title as a heading again"
    raw = read_nb(path)
    raw.cells = [cell for cell in raw.cells if not site_only(cell)]
    first = ''.join(raw.cells[0].source)
    title = re.match(r'# .+\n+> .+', first)[0]
    FilterDefaults()(raw)
    nb = nbformat.reads(nb2str(raw), as_version=4)
    nb.cells = [c for c in nb.cells if c.cell_type != 'raw']               # front matter, which is for the site
    for c in nb.cells:
        if c.cell_type == 'code': c.source = re.sub(r'^#\|.*\n', '', c.source, flags=re.M)
    nb.metadata['language_info'] = {'name': 'python'}                      # so that code is coloured
    nb.cells.insert(0, nbformat.v4.new_markdown_cell(title))
    return nb


def on_github(md: str, folder: str) -> str:
    "Links and images that are relative to the notebook's folder, made relative to the repository's root"
    relative = r'(?!https?:|mailto:|#|/|data:|index_files/|contributing_files/)'
    md = re.sub(rf'(\]\(){relative}([^)\s]+)', rf'\1{folder}/\2', md)
    return re.sub(rf'(<(?:img|a)\b[^>]*?\b(?:src|href)="){relative}([^"]+)', rf'\1{folder}/\2', md)


def render(notebook: str) -> dict[str, bytes]:
    "The page and the pictures of its outputs, by path from the root; HTML outputs show as their plain text on GitHub"
    cfg, stem = get_config(), Path(notebook).stem
    shown = ['text/markdown', 'image/svg+xml', 'image/png', 'image/jpeg', 'text/plain']
    exporter = MarkdownExporter(config=Config(
        NbConvertBase={'display_data_priority': shown},
        ExtractOutputPreprocessor={'enabled': True, 'output_filename_template': stem + '_files/{cell_index}_{index}{extension}'}))
    md, resources = exporter.from_notebook_node(processed(cfg.nbs_path/notebook))
    md = on_github(md, cfg.nbs_path.name)
    md = re.sub(r'[ \t]+$', '', md, flags=re.M)
    md = re.sub(r'\n{3,}', '\n\n', md).strip() + '\n'
    return {'page': md.encode(), **resources.get('outputs', {})}


def main(check: bool) -> int:
    "Write the files, or say which are out of step"
    root, stale = get_config().config_path, []
    for page, notebook in pages.items():
        if not (root/get_config().nbs_path/notebook).exists(): continue
        for name, content in render(notebook).items():
            path = root/(page if name == 'page' else name)
            if path.exists() and path.read_bytes() == content: continue
            stale.append(path.relative_to(root))
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
    for path in stale: print(f"{path} {'is out of step: run python .ci/readme.py' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == '__main__':
    if set(sys.argv[1:]) - {'--check'}: sys.exit(__doc__)
    sys.exit(main('--check' in sys.argv))
