"""Measure what the benchmark page shows, and write it to benchmark.json: python measure.py FOLDER [PART …]

FOLDER holds environments for JAX and TransformerLens, `jax` and `tl`; one that is not there is made. With parts only
these are measured anew and the rest of the file stays. `--repeat 1 --steps 100` is for trying it out.
"""
import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from importlib.metadata import version
from pathlib import Path

import psutil

from toyattn_nb.core import n_cores

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / 'benchmark.json'
SIZES = 'n_seeds', 'n_head', 'd_head'
LINES = [(1, 2, 1), (64, 2, 1), (256, 2, 1), (1024, 2, 1), (64, 2, 4), (256, 2, 4), (256, 4, 6)]
NEEDS = dict(
    jax=['jax', 'optax'],
    tl=['torch', 'transformer_lens<3', 'pyarrow<22'])  # newer pyarrow asks for a newer NumPy than TransformerLens
TORCH = 'torch==2.13.0'  # a release that comes as a small build without CUDA

# as if nobody had set anything: a default call uses all cores
DEFAULT = {k: v for k, v in os.environ.items() if not k.endswith('_NUM_THREADS') and k != 'XLA_FLAGS'}


# --- processes

def environment(folder, name):
    "The Python of an environment, which is made where it is missing"
    path = Path(folder).resolve() / name
    python = path / ('Scripts/python.exe' if os.name == 'nt' else 'bin/python')
    if not python.exists():
        print(f'an environment for {name} is made', flush=True)
        venv.create(path, with_pip=True)
        pip = [python, '-m', 'pip', 'install', '-q']
        if 'torch' in NEEDS[name]: subprocess.run([*pip, TORCH], check=True)
        subprocess.run([*pip, *NEEDS[name]], check=True)
    return str(python)


def run(script, python=sys.executable, **options):
    "What a script of this folder prints, run in a process of its own"
    line = [python, str(HERE / script)]
    for name, value in options.items():
        if value is True: line.append(f'--{name}')
        elif value is not None: line += [f'--{name}', str(value)]
    done = subprocess.run(line, env=DEFAULT, capture_output=True, text=True)
    if done.returncode: raise RuntimeError(f'{script}: {done.stderr[-2000:]}')
    return json.loads(done.stdout.splitlines()[-1])


def peak_memory(script, **options):
    "The most memory, in bytes, that a script is seen to hold"
    line = [sys.executable, str(HERE / script)]
    for name, value in options.items(): line += [f'--{name}', str(value)]
    peak = 0
    with subprocess.Popen(line, env=DEFAULT, stdout=subprocess.DEVNULL) as child:
        process = psutil.Process(child.pid)
        while child.poll() is None:
            try: peak = max(peak, process.memory_info().rss)
            except psutil.Error: break  # it has just ended
            time.sleep(.005)
    if child.returncode: raise RuntimeError(f'{script} failed')
    return peak


# --- the parts of the page

def processor():
    "The processor's name"
    info = Path('/proc/cpuinfo')
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith('model name'): return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()


def machine(args):
    "What it was measured on"
    versions = {name: version(name) for name in ('numba', 'numpy', 'torch')}
    return dict(processor=processor(), cores=n_cores(), python=platform.python_version(), versions=versions,
                peak=run('peak.py')['peak'])


def table(args):
    "Our side and JAX, in turns"
    jax = environment(args.folder, 'jax')
    run('ours.py', n_seeds=1, steps=1)  # compiles, where that has not been done yet
    ours, theirs = ([[] for _ in LINES] for _ in range(2))
    for _ in range(args.repeat):
        for i, line in enumerate(LINES):
            options = dict(zip(SIZES, line), steps=args.steps)
            few = min(args.steps, 100)
            ours[i].append(run('ours.py', again=1, torch_steps=few, started=time.time(), **options))
            theirs[i].append(run('jax_peer.py', jax, started=time.time(), **options))
    lines = [dict(zip(SIZES, line), ours=a, jax=b) for line, a, b in zip(LINES, ours, theirs)]
    return dict(steps=args.steps, lines=lines)


def cached(args):
    "Seconds that JAX takes for a program which it kept on the disk, for the first few lines"
    jax = environment(args.folder, 'jax')
    with tempfile.TemporaryDirectory() as kept:
        def load(line):
            options = dict(zip(SIZES, line), steps=args.steps)
            return run('jax_peer.py', jax, cache=kept, enough=0, **options)['compiling']
        for line in LINES[:3]: load(line)
        return [load(line) for line in LINES[:3]]


def devices(args):
    "256 seeds in JAX on one device, and shared out between two, in turns: seconds"
    jax, steps = environment(args.folder, 'jax'), min(args.steps, 1000)
    def steady(n): return run('jax_peer.py', jax, steps=steps, devices=n)['steady']
    return [[steady(1), steady(2)] for _ in range(args.repeat)]


def loops(args):
    "Seconds a step of one model, in plain PyTorch and in TransformerLens"
    theirs = environment(args.folder, 'tl')
    return dict(plain=run('pytorch_loop.py'), transformerlens=run('transformerlens_peer.py', theirs))


def contexts(args):
    "Longer contexts"
    steps = min(args.steps, 1000)
    found = dict(steps=steps, seconds={}, engine={})
    for n in (8, 32, 128):
        one = run('ours.py', ctx_len=n, steps=steps, again=3)
        found['seconds'][n], found['engine'][n] = one['steady'], one['engine']
    return found


def memory(args):
    "Peak memory by seeds, in bytes"
    return {n: peak_memory('ours.py', n_seeds=n, steps=min(args.steps, 200), record='default') for n in (1, 256, 1024)}


def load(args):
    "Seconds alone, and beside a process that never rests"
    return run('ours.py', steps=args.steps, busy=args.repeat)['beside']


def shell(name, *options):
    "Seconds that one of the commands takes"
    line = f'from toyattn_nb.cli import {name}; {name}()'
    before = time.perf_counter()
    subprocess.run([sys.executable, '-c', line, '--quiet', *options], env=DEFAULT, check=True, capture_output=True)
    return time.perf_counter() - before


def commands(args):
    "Seconds from the shell: all claims, a map of 48 cells, and a small one by one worker and by two"
    heads = '--n_head 1 2 3 4 --d_head 1 2 3 4 5 6 --direct true false'.split()
    small = '--n_head 1 2 --d_head 1 2 3 --direct true false --steps 500'.split()
    few = [] if args.steps >= 1000 else ['--steps', str(args.steps)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        return dict(
            reproduce=shell('toyattn_reproduce', '--out', str(out / 'run'), *few),
            quick=shell('toyattn_reproduce', '--out', str(out / 'quick'), '--quick', *few),
            map=shell('toyattn_sweep', str(out / 'map'), *heads, *few),
            one_worker=shell('toyattn_sweep', str(out / 'one'), *small, *few, '--n_workers', '1'),
            two_workers=shell('toyattn_sweep', str(out / 'two'), *small, *few, '--n_workers', '2'))


PARTS = machine, table, cached, devices, loops, contexts, memory, load, commands


def rounded(x):
    "The same with four digits of every fraction"
    if isinstance(x, dict): return {name: rounded(value) for name, value in x.items()}
    if isinstance(x, list): return [rounded(value) for value in x]
    return float(f'{x:.4g}') if isinstance(x, float) else x


def main(args):
    "Measure, part by part; the file is written after each"
    unknown = set(args.parts) - {part.__name__ for part in PARTS}
    if unknown: raise SystemExit(f'no such part: {", ".join(sorted(unknown))}')
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() and args.parts else {}
    for part in PARTS:
        if args.parts and part.__name__ not in args.parts: continue
        before = time.perf_counter()
        found[part.__name__] = rounded(part(args))
        RESULTS.write_text(json.dumps(found, indent=1) + '\n')
        print(f'{part.__name__}: {time.perf_counter() - before:.0f} s', flush=True)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder')
    parser.add_argument('parts', nargs='*', metavar='PART', help=', '.join(part.__name__ for part in PARTS))
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--steps', type=int, default=3000)
    main(parser.parse_args())
