"""Check that settings.ini, the package, the changelog and the citation agree on the version, its date and the address: python .ci/versions.py"""
import re
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
    sys.exit(f'{wrong} of them differ' if wrong else 0)
