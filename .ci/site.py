"""Build the documentation site: python .ci/site.py

nbdev processes the notebooks into a Quarto website project in _proc/, smalldocs renders that to _proc/_docs/.
"""
import shutil
import subprocess
import sys

from nbdev.config import get_config
from nbdev.doclinks import _build_modidx
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs

if __name__ == '__main__':
    shutil.rmtree(get_config().config_path/'_proc', ignore_errors=True)
    refresh_quarto_yml()
    _build_modidx()
    cache = proc_nbs(n_workers=0)
    # not every way of installing puts the console script on the PATH; its module is there always
    sys.exit(subprocess.run([sys.executable, '-m', 'smalldocs.cli', 'render', str(cache), *sys.argv[1:]]).returncode)
