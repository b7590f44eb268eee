"""Try the widgets in each host that is installed beside this Python, in a real browser: python .ci/hosts.py [HOST ...]

The hosts are notebook (7 or later), voila, marimo, nbconvert, and VS Code as code-server, which npm has. In each a head
is switched off in every inspector and a point chosen in every seed browser; where there is a kernel, it has to hear of
that. What is not installed is skipped, and said. Chromium and Playwright are needed, a network is not.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.request import urlopen

import nbformat
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
PATIENCE = 90  # seconds, for what takes a few on a quiet machine

RUN = '''import json
from toyattn_nb.data import SkipTrigramTask
from toyattn_nb.model import AttnConfig
from toyattn_nb.training import train
from toyattn_nb.widgets import HeadInspector, SeedBrowser
task = SkipTrigramTask()
run = train(task, AttnConfig.for_task(task, n_head=2, d_head=1), seeds=[3, 5, 8], steps=60, progress=False)
def note(change):
    with open('heard', 'a') as file: print(json.dumps([change.name, change.new]), file=file)
def told(widget):
    widget.observe(note, ['ablated', 'seed'])
    return widget'''
CELLS = [RUN, 'told(HeadInspector(run))', 'told(SeedBrowser(run))',
         'from IPython.display import HTML\nHTML(HeadInspector(run).to_html())', 'HTML(SeedBrowser(run).to_html())']
HEARD = {'["ablated", [0]]', '["seed", 8]'}  # what `note` writes
MARIMO = [RUN, 'import marimo as mo',
          'mo.ui.anywidget(told(HeadInspector(run)))', 'mo.ui.anywidget(told(SeedBrowser(run)))',
          'mo.iframe(HeadInspector(run).to_html())', 'mo.iframe(SeedBrowser(run).to_html())']


def write_notebook(folder: Path, sources: list[str] = CELLS) -> Path:
    "A notebook of these cells"
    kernel = dict(name='python3', display_name='Python 3 (ipykernel)', language='python')
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder/'widgets.ipynb'
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=dict(kernelspec=kernel)), path)
    return path


def environment(folder: Path) -> dict[str, str]:
    "One in which Jupyter keeps what it keeps in the folder"
    places = dict(JUPYTER_CONFIG_DIR='.config', JUPYTER_DATA_DIR='.data', IPYTHONDIR='.ipython', XDG_CONFIG_HOME='.xdg')
    return os.environ | {name: str(folder/place) for name, place in places.items()} | dict(OMP_NUM_THREADS='1')


def call(folder: Path, module: str, *words: str) -> None:
    "Run a module in the folder; it must succeed."
    command = [sys.executable, '-m', module, *words]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment(folder))


def convert(path: Path, *options: str) -> None:
    "Call nbconvert, which must succeed."
    stateless = '--ExecutePreprocessor.store_widget_state=False'
    call(path.parent, 'jupyter', 'nbconvert', stateless, *options, path.name)


def wait_until(true: Callable[[], bool], what: str) -> None:
    "Wait for `true()`, so long at most."
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end: raise AssertionError(f'not in {PATIENCE} s: {what}')
        time.sleep(.2)


def answers(address: str) -> bool:
    "Does a server answer there?"
    try: return urlopen(address).status == 200
    except OSError: return False


@contextmanager
def served(folder: Path, *command: str, health: str = '') -> Iterator[str]:
    "The address of what this command serves; `{port}` in it is a free port."
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    words = [word.replace('{port}', str(port)) for word in command]
    server = subprocess.Popen(words, cwd=folder, env=environment(folder), **quiet)  # type: ignore[call-overload]
    address = f'http://127.0.0.1:{port}'
    try:
        wait_until(lambda: answers(address + health), f'{words[0]} answers')
        yield address
    finally:
        server.terminate()
        server.wait()


def roots(page: Page, name: str) -> list[Locator]:
    "The widgets of that name in all frames of a page"
    return [root for frame in page.frames for root in frame.locator(f'[aria-label="{name}"]').all()]


def switch_off(inspector: Locator) -> None:
    "Switch head 0 off: the model says something else, or says it with another probability."
    verdict = inspector.locator('.ta-verdict').first
    before = verdict.inner_text()
    inspector.locator('.ta-on').first.uncheck()
    expect(verdict).not_to_have_text(before)


def choose(browser: Locator) -> None:
    "Choose the last seed: its point says that it is chosen."
    point = browser.locator('.ta-point[data-seed="8"]')
    expect(point).to_have_attribute('aria-checked', 'false')
    point.click()
    expect(point).to_have_attribute('aria-checked', 'true')


def counted(page: Page) -> tuple[int, int]:
    "How many inspectors and seed browsers a page shows"
    return len(roots(page, 'head inspector')), len(roots(page, 'seed browser'))


def use(page: Page) -> str:
    "Wait for the widgets, a seed browser's inspector among them, and use each. What was done, in words."
    end = time.monotonic() + PATIENCE
    while counted(page) != (4, 2) and time.monotonic() < end: page.wait_for_timeout(300)
    if counted(page) != (4, 2): raise AssertionError(f'{counted(page)} inspectors and seed browsers, not 4 and 2')
    for root in roots(page, 'head inspector'): switch_off(root)
    for root in roots(page, 'seed browser'): choose(root)
    return '4 inspectors and 2 seed browsers answer'


def heard(folder: Path) -> str:
    "Wait until the kernel has heard of both clicks."
    file = folder/'heard'
    said = lambda: set(file.read_text().splitlines()) if file.exists() else set()
    wait_until(lambda: HEARD <= said(), 'the kernel hears what is clicked')
    return 'the kernel hears both clicks'


# --- the hosts: each tries one in an empty folder, and says what happened

def new_page(browser: Browser) -> Page:
    "A page so tall that nothing has to be scrolled into view: VS Code draws only what is in view"
    page = browser.new_context(viewport=dict(width=1280, height=5000)).new_page()
    page.set_default_timeout(PATIENCE * 1000)
    return page


def run_all(page: Page) -> None:
    "Run all cells by the menu; again, if the kernel was not there yet and nothing runs."
    prompt = page.locator('.jp-InputPrompt').first
    end = time.monotonic() + PATIENCE
    while prompt.inner_text().strip() == '[ ]:' and time.monotonic() < end:
        page.get_by_role('menuitem', name='Run', exact=True).click()
        page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
        page.wait_for_timeout(5000)


def notebook7(folder: Path, browser: Browser) -> str:
    "Notebook 7: all cells run in the page"
    name, page = write_notebook(folder).name, new_page(browser)
    options = ['--no-browser', '--allow-root', '--ip=127.0.0.1', '--port={port}', '--IdentityProvider.token=']
    with served(folder, sys.executable, '-m', 'notebook', *options, health='/api/status') as address:
        page.goto(f'{address}/notebooks/{name}')
        expect(page.locator('.jp-KernelName')).to_contain_text('Python 3', timeout=PATIENCE * 1000)
        run_all(page)
        return f'{use(page)}, {heard(folder)}'


def voila(folder: Path, browser: Browser) -> str:
    "Voila: the notebook as a page with a kernel"
    name, page = write_notebook(folder).name, new_page(browser)
    options = ['--no-browser', '--Voila.ip=127.0.0.1', '--port={port}']
    with served(folder, sys.executable, '-m', 'voila', name, *options, health='/voila/static/voila.js') as address:
        page.goto(address)
        return f'{use(page)}, {heard(folder)}'


def marimo(folder: Path, browser: Browser) -> str:
    "marimo: live by `mo.ui.anywidget`, the page's HTML in `mo.iframe`"
    name, page = write_notebook(folder, MARIMO).name, new_page(browser)
    call(folder, 'marimo', 'convert', name, '-o', 'app.py')
    options = ['--headless', '--no-token', '--host=127.0.0.1', '--port={port}']
    command = [sys.executable, '-m', 'marimo', '--yes', 'run', 'app.py']
    with served(folder, *command, *options, health='/health') as address:
        page.goto(address)
        return f'{use(page)}, {heard(folder)}'


def nbconvert(folder: Path, browser: Browser) -> str:
    "nbconvert's page, read offline: executed on the way, and from a notebook that is stored with its outputs"
    path, said = write_notebook(folder), []
    convert(path, '--execute', '--to', 'html', '--output', 'executed')
    convert(path, '--execute', '--to', 'notebook', '--inplace')
    convert(path, '--to', 'html', '--output', 'stored')
    for name in ('executed', 'stored'):
        page = new_page(browser)
        page.route(lambda address: address.startswith('http'), lambda route: route.abort())
        page.goto((folder/f'{name}.html').as_uri())
        said.append(f'{name}: {use(page)}')
    return '; '.join(said)


SETTINGS = {
    'workbench.startupEditor': 'none',
    'workbench.editorAssociations': {'*.ipynb': 'jupyter-notebook'},
    'chat.disableAIFeatures': True,
}


def vscode(folder: Path, browser: Browser) -> str:
    "VS Code as code-server has it, without its Jupyter extension: an executed notebook, and no kernel"
    path, page = write_notebook(folder), new_page(browser)
    convert(path, '--execute', '--to', 'notebook', '--inplace')
    workspace, user = folder/'workspace', folder/'user'
    workspace.mkdir()
    path.rename(workspace/path.name)
    (user/'User').mkdir(parents=True)
    (user/'User'/'settings.json').write_text(json.dumps(SETTINGS))
    options = ['--auth=none', '--disable-telemetry', '--disable-update-check', '--disable-workspace-trust',
               '--bind-addr=127.0.0.1:{port}', f'--user-data-dir={user}', f'--extensions-dir={folder}/extensions']
    with served(folder, 'code-server', *options, health='/healthz') as address:
        page.goto(f'{address}/?folder={workspace}')
        page.locator('.explorer-viewlet .monaco-list-row', has_text=path.name).dblclick()
        return use(page)


HOSTS: dict[str, tuple[str, Callable[[Path, Browser], str]]] = {
    'notebook': ('Notebook', notebook7),
    'voila': ('Voila', voila),
    'marimo': ('marimo', marimo),
    'nbconvert': ('nbconvert', nbconvert),
    'code-server': ('VS Code (code-server)', vscode),
}


def code_server_version() -> str | None:
    "What code-server says of itself in its last line, whose settings it wants to write first; None where there is none"
    if not shutil.which('code-server'): return None
    with tempfile.TemporaryDirectory() as folder:
        command = ['code-server', '--version']
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(Path(folder))).stdout
    return said.splitlines()[-1].split(' ')[0]


def installed(package: str) -> str | None:
    "The version of a host, or None"
    if package == 'code-server': return code_server_version()
    try: return version(package)
    except PackageNotFoundError: return None


def tried(package: str, browser: Browser) -> bool:
    "Try one host, and say what came of it. Whether it is well."
    name, host = HOSTS[package]
    number = installed(package)
    if number is None:
        print(f'{name}: skipped, it is not installed')
        return True
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder: said = host(Path(folder), browser)
    except Exception:
        traceback.print_exc()
        print(f'{name} {number}: FAILED')
        return False
    print(f'{name} {number}: {said}', flush=True)
    return True


def main(chosen: list[str]) -> list[str]:
    "Try each host; those that failed."
    if unknown := set(chosen) - set(HOSTS): sys.exit(f'no such host: {sorted(unknown)}; there are {list(HOSTS)}')
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        failed = [package for package in chosen or HOSTS if not tried(package, browser)]
        browser.close()
    return failed


if __name__ == '__main__':
    if not CHROMIUM: sys.exit('no Chromium was found')
    failed = main(sys.argv[1:])
    sys.exit(f'failed: {", ".join(failed)}' if failed else 0)
