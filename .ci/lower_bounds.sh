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

oldest() { # oldest KEY...: the requirements of these settings with `==` for the first `>=`, one a line
  python3 - "$root/settings.ini" "$@" <<'PYTHON'
import sys
from configparser import ConfigParser
config = ConfigParser(delimiters=['='])
config.read(sys.argv[1], encoding='utf-8')
for key in sys.argv[2:]:
    for requirement in config['DEFAULT'][key].strip().splitlines():
        name, mark, condition = requirement.partition(';')
        if '>=' not in name: sys.exit(f'settings.ini: {requirement} has no lower bound')
        print(name.replace('>=', '==', 1) + mark + condition)
PYTHON
}

oldest requirements dask_requirements >"$tmp/all.txt"
grep -v '^torch==' "$tmp/all.txt" >"$tmp/rest.txt"
torch=${TOYATTN_TORCH:-$(grep '^torch==' "$tmp/all.txt")}

mkdir "$tmp/checkout" && cd "$root"
git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f" || true; done \
  | tar --null -T - -cf - | tar -xf - -C "$tmp/checkout"

python3 -m venv "$tmp/.venv" && . "$tmp/.venv/bin/activate"
cd "$tmp"
python --version
# shellcheck disable=SC2086  # a list of words
pip install -q $torch
pip install -q -r "$tmp/rest.txt" "$tmp/checkout[dask]"
pip check
pip list --format=freeze
start=$SECONDS
toyattn_reproduce --quick --out "$tmp/run"
python "$root/.ci/check_run.py" "$tmp/run"
echo "the quick job with the oldest requirements: $((SECONDS-start)) s"
