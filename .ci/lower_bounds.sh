#!/usr/bin/env bash
# The oldest requirements that settings.ini allows, all at once, in a fresh virtual environment: they install, and the quick job runs.
#   bash .ci/lower_bounds.sh
#   TOYATTN_TORCH='torch==2.4 --index-url …'   what to give to `pip install` for PyTorch (default: its lower bound)
# Python itself should be an old one: not every old release has a wheel for the newest Python.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=off MPLBACKEND=agg
unset VIRTUAL_ENV PYTHONPATH

bounds() { # bounds KEY...: the requirements of these settings with `==` for `>=`, one a line
  python3 - "$root/settings.ini" "$@" <<'PYTHON'
import sys
from configparser import ConfigParser
config = ConfigParser(delimiters=['='])
config.read(sys.argv[1], encoding='utf-8')
for key in sys.argv[2:]:
    for requirement in config['DEFAULT'][key].split():
        if '>=' not in requirement: sys.exit(f'settings.ini: {requirement} has no lower bound')
        name, bound = requirement.split('>=')
        print(f'{name}=={bound}')
PYTHON
}

oldest=$(bounds requirements dask_requirements)
torch=${TOYATTN_TORCH:-$(grep '^torch==' <<<"$oldest")}
rest=$(grep -v '^torch==' <<<"$oldest")

mkdir "$tmp/checkout" && cd "$root"
git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f" || true; done \
  | tar --null -T - -cf - | tar -xf - -C "$tmp/checkout"

python3 -m venv "$tmp/.venv" && . "$tmp/.venv/bin/activate"
cd "$tmp"
python --version
# shellcheck disable=SC2086  # both are lists of words
pip install -q $torch
# shellcheck disable=SC2086
pip install -q $rest "$tmp/checkout[dask]"
pip check
pip list --format=freeze
start=$SECONDS
toyattn_reproduce --quick --out "$tmp/run"
python "$root/.ci/check_run.py" "$tmp/run"
echo "the quick job with the oldest requirements: $((SECONDS-start)) s"
