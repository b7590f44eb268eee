"""One default call of `train`, and a second one in the same process: python ours.py --n_seeds 256 --n_head 2 --d_head 1

Prints as JSON what they took, in seconds; on request also the torch engine, and calls with a busy process beside them.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time

import numba  # what is imported is not counted, on either side

from toyattn_nb.data import SkipTrigramTask
from toyattn_nb.evaluation import evaluate
from toyattn_nb.model import AttnConfig
from toyattn_nb.training import train


def timed(args, steps, engine, record=()):
    "A run, and the seconds that it took"
    before = time.perf_counter()
    task = SkipTrigramTask(ctx_len=args.ctx_len)
    cfg = AttnConfig.for_task(task, n_head=args.n_head, d_head=args.d_head)
    run = train(task, cfg, range(args.n_seeds), steps=steps, batch_size=args.batch, record=record, engine=engine,
                progress=False)
    return run, time.perf_counter() - before


def beside_a_busy_one(args):
    "Seconds of pairs of calls: alone, and with one process beside it that never rests"
    pairs = []
    for _ in range(args.busy):
        _, alone = timed(args, args.steps, args.engine)
        busy = subprocess.Popen([sys.executable, '-c', 'while True: pass'])
        try:
            time.sleep(.2)
            _, beside = timed(args, args.steps, args.engine)
        finally: busy.kill()
        busy.wait()
        pairs.append([alone, beside])
    return pairs


def main(args):
    "Train, and train again"
    record = None if args.record == 'default' else ()
    run, all_in = timed(args, args.steps, args.engine, record)
    found = dict(all_in=all_in, process=time.time() - args.started)
    for name in ('engine', 'threads', 'versions'): found[name] = run.how[name]
    if args.ctx_len == 8:  # there are few enough contexts
        found['loss'] = float(evaluate(run.model, run.task).loss.mean())
    if args.again:
        steps = args.steps if all_in < 2 else args.steps // 3
        calls = [timed(args, steps, args.engine)[1] for _ in range(args.again)]
        found['steady'] = statistics.median(calls) * args.steps / steps
    if args.torch_steps:
        timed(args, 2, 'torch')  # what PyTorch does once a process
        _, seconds = timed(args, args.torch_steps, 'torch')
        found['torch'] = seconds * args.steps / args.torch_steps
    if args.busy: found['beside'] = beside_a_busy_one(args)
    print(json.dumps(found))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in dict(n_seeds=256, n_head=2, d_head=1, steps=3000, batch=256, ctx_len=8).items():
        parser.add_argument(f'--{name}', type=int, default=default)
    parser.add_argument('--engine', default='auto')
    parser.add_argument('--started', type=float, default=time.time(), help='when this process was started (Unix time)')
    parser.add_argument('--record', choices=['default'], help='evaluate on the way, as `train` does by default')
    parser.add_argument('--again', type=int, default=0, help='further calls')
    parser.add_argument('--torch_steps', type=int, default=0, help='steps of the torch engine')
    parser.add_argument('--busy', type=int, default=0, help='pairs of calls, the second one beside a busy process')
    main(parser.parse_args())
