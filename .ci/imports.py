"""Check what importing loads: python .ci/imports.py [RUN]

`from toyattn_nb import *` brings nothing that only figures, tables and widgets need, and --help of the commands does without torch; so
does --status, which is asked for the folder RUN. Modules are counted, since seconds depend on the machine: .ci/import_cost.py looks
at those.
"""
import json
import subprocess
import sys

COMMANDS = ['toyattn_reproduce', 'toyattn_sweep']
HEAVY = {'numba', 'matplotlib', 'scipy.stats', 'pandas', 'ipywidgets', 'anywidget', 'sklearn', 'distributed', 'pyarrow'}
CALL = """
import sys
sys.argv = {argv!r}
from toyattn_nb.cli import {command}
try: {command}()
except SystemExit as e: assert not e.code, e.code
"""


def loaded(code: str) -> set[str]:
    "The modules that a fresh interpreter has loaded after some code"
    tail = '\nimport json, sys\nprint("\\n" + json.dumps(list(sys.modules)))'
    done = subprocess.run([sys.executable, '-c', code + tail], capture_output=True, text=True, timeout=60)
    if done.returncode: sys.exit(f'{code}\n{done.stderr}')
    return set(json.loads(done.stdout.splitlines()[-1]))


def call(command: str, *options: str) -> set[str]:
    "The modules that a command has loaded when it is through"
    modules = loaded(CALL.format(command=command, argv=[command, *options]))
    print(f'{command} {" ".join(options)}: {len(modules)} modules')
    return modules


if __name__ == '__main__':
    torch, package = loaded('import torch'), loaded('from toyattn_nb import *')
    print(f'from toyattn_nb import *: {len(package - torch)} modules beside those of torch')
    problems = [f'`from toyattn_nb import *` loads {name}' for name in sorted(HEAVY & (package - torch))]
    for command in COMMANDS:
        modules = call(command, '--help')
        problems += [f'{command} --help loads {name}' for name in sorted({'torch', *HEAVY} & modules)]
    if len(sys.argv) > 1 and 'torch' in call('toyattn_reproduce', '--status', '--out', sys.argv[1]):
        problems.append('toyattn_reproduce --status loads torch')
    print(*problems, sep='\n')
    sys.exit(bool(problems))
