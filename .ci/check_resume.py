"""Kill toyattn_reproduce, call it again, judge what is there, and compare with a run that nobody disturbed: python .ci/check_resume.py

Cells are counted, never seconds: it is killed once so many of them have landed.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SMALL = ['--quick', '--n_seeds', '9', '--steps', '200', '--quiet']


def command(out: Path, *options: str) -> list[str]:
    "The command, as it is typed"
    name = shutil.which('toyattn_reproduce')
    if name is None: sys.exit('toyattn_reproduce is not installed')
    return [name, '--out', str(out), *options]


def landed(out: Path) -> list[Path]:
    "The runs of the cells that are finished"
    return [path.with_suffix('.safetensors') for path in out.glob('cells/*.json')]


def kill_after(out: Path, cells: int) -> None:
    "Start, and kill once so many cells are there"
    process = subprocess.Popen(command(out, *SMALL, '--n_workers', '1'))
    while len(landed(out)) < cells and process.poll() is None: time.sleep(.05)
    process.kill()
    process.wait()


def verdicts(out: Path) -> list[tuple]:
    "What the folder says of each claim"
    claims = json.loads((out/'claims.json').read_text(encoding='utf-8'))['claims']
    return [(c['id'], c['verdict'], c['parts'], c['measured'], c['control']) for c in claims]


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as folder:
        whole, cut = Path(folder)/'whole', Path(folder)/'cut'
        subprocess.run(command(whole, *SMALL), check=True, stdout=subprocess.DEVNULL)
        for cells in (2, 5): kill_after(cut, cells)
        before = {path: path.stat().st_mtime_ns for path in landed(cut)}
        if not 0 < len(before) < len(landed(whole)): sys.exit(f'{len(before)} of {len(landed(whole))} cells were there after the kill')
        subprocess.run(command(cut, *SMALL), check=True, stdout=subprocess.DEVNULL)
        again = [path.name for path, stamp in before.items() if path.stat().st_mtime_ns != stamp]
        if again: sys.exit(f'trained again: {again}')
        for name in ('claims.json', 'report.html'): (cut/name).unlink()
        subprocess.run(command(cut, '--judge', '--quiet'), check=True, stdout=subprocess.DEVNULL)
        if verdicts(cut) != verdicts(whole): sys.exit('other verdicts than those of an undisturbed run')
        if not (cut/'report.html').stat().st_size: sys.exit('no page')
        print(f'{len(before)} of {len(landed(whole))} cells were kept, and the verdicts are those of an undisturbed run')
