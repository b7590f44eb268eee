"Everything about the package is in settings.ini; this only hands it to setuptools."
import re
from configparser import ConfigParser
from pathlib import Path, PurePosixPath

from setuptools import find_packages, setup

here = Path(__file__).parent
config = ConfigParser(delimiters=['='])
config.read(here/'settings.ini', encoding='utf-8')
cfg = config['DEFAULT']
docs = cfg['doc_host'] + cfg['doc_baseurl'].rstrip('/')

licenses = {'apache2': 'Apache-2.0', 'mit': 'MIT', 'bsd3': 'BSD-3-Clause'}  # SPDX names of nbdev's words
statuses = ['1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable', '6 - Mature', '7 - Inactive']


def lines(key: str) -> list:
    "The entries of a setting that holds one a line"
    return [line.strip() for line in cfg.get(key, '').splitlines() if line.strip()]


def address(link: str) -> str:
    "Where a link of the README leads from outside the repository: to a notebook's page, to a picture itself, or to a file's page"
    file, mark, part = link.partition('#')
    path = PurePosixPath(file)
    if path.suffix == '.ipynb':
        page = path.relative_to(cfg['nbs_path']).with_suffix('.html')
        return f'{docs}/{page}{mark}{part}'
    kind = 'raw' if path.suffix in ('.png', '.svg', '.jpg', '.gif') else 'blob'
    return f"{cfg['git_url']}/{kind}/{cfg['branch']}/{path}{mark}{part}"


def readme() -> str:
    "README.md for the package index, where links that are relative to the repository would lead nowhere"
    text = (here/'README.md').read_text(encoding='utf-8')
    relative = r'(?!\w+:|#)[^)"\s]+'  # neither a scheme in front nor a part of the same page
    for before in (r'\]\(', r'<(?:a|img)\b[^>]*\b(?:href|src)="'):
        text = re.sub(f'({before})({relative})', lambda m: m[1] + address(m[2]), text)
    return text


setup(
    name=cfg['lib_name'],
    version=cfg['version'],
    description=cfg['description'],
    long_description=readme(),
    long_description_content_type='text/markdown',
    author=cfg['author'],
    license=licenses[cfg['license']],
    license_files=['LICENSE'],
    keywords=cfg['keywords'].split(),
    url=cfg['git_url'],
    project_urls={
        'Documentation': docs,
        'Changes': address('CHANGELOG.md'),
        'Issues': f"{cfg['git_url']}/issues",
    },
    classifiers=[
        f"Development Status :: {statuses[int(cfg['status']) - 1]}",
        f"Intended Audience :: {cfg['audience']}",
        f"Natural Language :: {cfg['language']}",
        'Framework :: Jupyter',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3 :: Only',
        *(f'Programming Language :: Python :: {version}' for version in cfg['pythons'].split()),
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Typing :: Typed',
    ],
    packages=find_packages(include=[cfg['lib_path'], f"{cfg['lib_path']}.*"]),
    include_package_data=False,
    package_data={cfg['lib_path']: ['static/*', 'tables/*', 'py.typed']},
    python_requires=f">={cfg['min_python']}",
    install_requires=lines('requirements'),
    extras_require={name: lines(f'{name}_requirements') for name in ('dev', 'dask', 'language')},
    entry_points={
        'console_scripts': lines('console_scripts'),
        'nbdev': [f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"],  # where nbdev looks for what can be linked to
    },
    zip_safe=False,
)
