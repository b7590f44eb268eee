"""Check a built sdist and wheel against the repository: python .ci/dist.py DIST [SITE]

DIST is the folder that `python -m build` wrote. The sdist holds what git tracks and nothing else, the wheel the package and nothing
else, and no link of the description is relative. With SITE, the folder of the built site, each link into the documentation leads
to a page that is there.
"""
import re
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path

root = Path(__file__).resolve().parent.parent
config = ConfigParser(delimiters=['='])
config.read(root/'settings.ini', encoding='utf-8')
cfg = config['DEFAULT']


def tracked() -> set[str]:
    "The files that git knows, from the root"
    listed = subprocess.run(['git', 'ls-files', '-z'], cwd=root, check=True, capture_output=True, text=True).stdout
    return set(listed.split('\0')) - {''}


def sdist_problems(path: Path) -> list[str]:
    "What the sdist lacks or has too much, and sources that its modules name and it does not hold"
    with tarfile.open(path) as tar:
        held = {m.name.partition('/')[2] for m in tar.getmembers() if m.isfile()}
    made = {'PKG-INFO', 'setup.cfg'} | {f for f in held if '.egg-info/' in f}
    found = [f'{path.name}: without {f}' for f in sorted(tracked() - held)]
    found += [f'{path.name}: git does not know {f}' for f in sorted(held - made - tracked())]
    for module in sorted((root/cfg['lib_path']).glob('*.py')):
        for source in re.findall(r'File to edit: (\S+\.ipynb)', module.read_text(encoding='utf-8')):
            name = (module.parent/source).resolve().relative_to(root).as_posix()
            if name not in held: found.append(f'{path.name}: without {name}, the source of {module.name}')
    return found


def wheel_problems(path: Path) -> list[str]:
    "What the wheel lacks or has too much"
    with zipfile.ZipFile(path) as archive:
        held = {name for name in archive.namelist() if '.dist-info/' not in name}
    package = {f for f in tracked() if f.startswith(f"{cfg['lib_path']}/")}
    found = [f'{path.name}: without {f}' for f in sorted(package - held)]
    return found + [f'{path.name}: should not hold {f}' for f in sorted(held - package)]


def links(text: str) -> list[str]:
    "Where the links and pictures of a page in Markdown lead, except to parts of the page itself"
    text = re.sub(r'^```.*?^```', '', text, flags=re.M | re.S)
    found = re.findall(r'\]\(\s*<?([^)\s>]+)', text) + re.findall(r'\b(?:src|href)\s*=\s*["\']?([^"\'\s>]+)', text)
    found += re.findall(r'^\[[^\]]+\]:\s*(\S+)', text, flags=re.M)
    return [link for link in found if not link.startswith('#')]


def link_problems(path: Path, site: Path | None) -> list[str]:
    "Links of the wheel's description that lead nowhere for those who read it on the package index"
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith('.dist-info/METADATA'))
        metadata = message_from_bytes(archive.read(name))
    description = metadata.get_payload(decode=True).decode('utf-8')
    found = links(description)
    problems = [] if found else [f'{path.name}: its description has no link at all']
    problems += [f'{path.name}: the link to {link} is not absolute' for link in found if not link.startswith('https://')]
    docs = cfg['doc_host'] + cfg['doc_baseurl'].rstrip('/') + '/'
    pages = {link.removeprefix(docs).partition('#')[0] for link in found if link.startswith(docs)}
    if not pages: problems.append(f'{path.name}: no link of its description leads into the documentation, {docs}')
    if site: problems += [f'{path.name}: {docs}{page} is no page of the site' for page in sorted(pages) if not (site/page).is_file()]
    files = re.escape(cfg['git_url']) + rf"/(?:blob|raw)/{re.escape(cfg['branch'])}/([^#]+)"
    named = {m[1] for link in found if (m := re.match(files, link))}
    problems += [f'{path.name}: its description leads to {file}, which git does not know' for file in sorted(named - tracked())]
    print(f'{len(found)} links, {len(pages)} pages of the documentation, {len(named)} files of the repository')
    return problems


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3): sys.exit(__doc__)
    dist, site = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None
    (sdist,), (wheel,) = dist.glob('*.tar.gz'), dist.glob('*.whl')
    problems = sdist_problems(sdist) + wheel_problems(wheel) + link_problems(wheel, site)
    print(*problems, f'{sdist.name}, {wheel.name}: {len(problems)} problems', sep='\n')
    sys.exit(bool(problems))
