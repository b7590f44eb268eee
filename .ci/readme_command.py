"""Print a shell command of the README: python .ci/readme_command.py N [--setup | --job]

N counts the README's `sh` blocks from 1. --setup is everything up to the last `&&`, --job what follows it. There have
to be exactly two commands, each one chain of `&&`, since that is what the README promises.
"""
import re
import sys
from pathlib import Path

if __name__ == '__main__':
    readme = (Path(__file__).parent.parent/'README.md').read_text()
    blocks = re.findall(r'^```sh\n(.*?)^```', readme, flags=re.M | re.S)
    commands = [re.sub(r' &&\n\s*', ' && ', b.strip()) for b in blocks]
    if len(commands) != 2 or any('\n' in c for c in commands): sys.exit(f'README.md: expected two commands, each one chain of &&, found {commands}')
    setup, job = commands[int(sys.argv[1]) - 1].rsplit(' && ', 1)
    print(setup if '--setup' in sys.argv else job if '--job' in sys.argv else f'{setup} && {job}')
