"""Check what importing loads: python .ci/imports.py

`from toyattn_nb import *` brings nothing that only figures, tables and widgets need, and --help of the commands does without torch.
Modules are counted, since seconds depend on the machine: .ci/import_cost.py looks at those.
"""
import json
import subprocess
import sys

COMMANDS = ['toyattn_reproduce', 'toyattn_sweep']
HEAVY = {'numba', 'matplotlib', 'scipy.stats', 'pandas', 'ipywidgets', 'anywidget', 'sklearn', 'distributed', 'pyarrow'}
HELP = """
import sys
sys.argv = ['{command}', '--help']
from toyattn_nb.cli import {command}
try: {command}()
except SystemExit as e: assert not e.code, e.code
else: raise SystemExit('--help should end the command')
"""


def loaded(code: str) -> set[str]:
    "The modules that a fresh interpreter has loaded after some code"
    tail = '\nimport json, sys\nprint("\\n" + json.dumps(list(sys.modules)))'
    done = subprocess.run([sys.executable, '-c', code + tail], capture_output=True, text=True, timeout=60)
    if done.returncode: sys.exit(f'{code}\n{done.stderr}')
    return set(json.loads(done.stdout.splitlines()[-1]))


if __name__ == '__main__':
    torch, package = loaded('import torch'), loaded('from toyattn_nb import *')
    problems = [f'`from toyattn_nb import *` loads {name}' for name in sorted(HEAVY & (package - torch))]
    print(f'from toyattn_nb import *: {len(package - torch)} modules beside those of torch')
    for command in COMMANDS:
        modules = loaded(HELP.format(command=command))
        print(f'{command} --help: {len(modules)} modules')
        problems += [f'{command} --help loads {name}' for name in sorted({'torch', *HEAVY} & modules)]
    print(*problems, sep='\n')
    sys.exit(bool(problems))
