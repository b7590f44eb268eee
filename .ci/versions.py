"""Check that version, date and addresses stand in one place: python .ci/versions.py

settings.ini, the package, the changelog and the citation agree. No other file names the addresses of the repository and the site,
except those that nbdev makes from settings.ini.
"""
import json
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

root = Path(__file__).resolve().parent.parent


def only(pattern: str, file: str, default: str | None = None) -> str:
    "What the pattern's group finds first in a file, at the beginning of a line"
    found = re.search(f'^{pattern}', (root/file).read_text(encoding='utf-8'), flags=re.M)
    if found: return found[1]
    if default is None: sys.exit(f'{file}: nothing like {pattern!r}')
    return default


def elsewhere(cfg) -> list[str]:
    "Files that hold an address which they should not know"
    made = {'CITATION.cff', 'nbs/nbdev.yml', f"{cfg['lib_path']}/_modidx.py"}
    patterns = ['-e', cfg['git_url'], '-e', cfg['doc_host']]
    found = subprocess.run(['git', 'grep', '-lIF', *patterns], cwd=root, capture_output=True, text=True).stdout
    return sorted(file for file in set(found.splitlines()) - made if written_in(file, [cfg['git_url'], cfg['doc_host']]))


def written_in(file: str, addresses: list[str]) -> bool:
    "Does somebody write an address there? Outputs of a notebook are made from settings.ini."
    text = (root/file).read_text(encoding='utf-8')
    if file.endswith('.ipynb'): text = '\n'.join(''.join(cell['source']) for cell in json.loads(text)['cells'])
    return any(address in text for address in addresses)


if __name__ == '__main__':
    config = ConfigParser(delimiters=['='])
    config.read(root/'settings.ini', encoding='utf-8')
    cfg = config['DEFAULT']
    versions = {
        'settings.ini': cfg['version'],
        'the package': only(r'__version__ = "(.+)"', f"{cfg['lib_path']}/__init__.py"),
        'CHANGELOG.md': only(r'## (\S+)', 'CHANGELOG.md'),
        'CITATION.cff': only(r'version: "?([^"\s]+)', 'CITATION.cff'),
    }
    dates = {
        'CHANGELOG.md': only(r'## \S+ \((.+)\)', 'CHANGELOG.md'),
        'CITATION.cff': only(r'date-released: "?([\d-]+)', 'CITATION.cff', default='unreleased'),
    }
    addresses = {
        'settings.ini': cfg['git_url'],
        'CITATION.cff': only(r'repository-code: "?([^"\s]+)', 'CITATION.cff'),
    }
    pythons = {
        'settings.ini, min_python': cfg['min_python'],
        'settings.ini, pythons': cfg['pythons'].split()[0],
        'pyproject.toml': only(r'requires-python="?>=([\d.]+)', 'pyproject.toml'),
    }
    wrong = 0
    for what, said in dict(version=versions, date=dates, address=addresses, oldest_python=pythons).items():
        agree = len(set(said.values())) == 1
        wrong += not agree
        print(f'{what}: {said if not agree else next(iter(said.values()))}')
    for file in elsewhere(cfg):
        wrong += 1
        print(f'{file} names the address of the repository or of the site, which stands in settings.ini')
    sys.exit(f'{wrong} problems' if wrong else 0)
