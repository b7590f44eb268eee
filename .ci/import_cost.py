"""Check that `from toyattn_nb import *` costs at most half a second over `import torch`: python .ci/import_cost.py"""
import statistics
import subprocess
import sys

LIMIT, N = 0.5, 7
CODE = """
import time
import torch
start = time.perf_counter()
from toyattn_nb import *
print(time.perf_counter() - start)
"""


def cost() -> float:
    "Seconds in a fresh interpreter"
    return float(subprocess.run([sys.executable, '-c', CODE], check=True, capture_output=True, text=True).stdout)


if __name__ == '__main__':
    cost()  # the first one still compiles bytecode
    costs = [cost() for _ in range(N - 1)]
    median = statistics.median(costs)
    print(f'median of {len(costs)} fresh interpreters: {median:.3f} s over import torch, limit {LIMIT} s; all: '
          + ' '.join(f'{c:.3f}' for c in costs))
    sys.exit(median > LIMIT)
