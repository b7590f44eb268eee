"""Check that `from toyattn_nb.training import train` costs at most half a second over `import torch`."""
import statistics
import subprocess
import sys

limit, n = 0.5, 7
code = 'import torch, time; start = time.perf_counter(); from toyattn_nb.training import train; print(time.perf_counter() - start)'

if __name__ == '__main__':
    costs = [float(subprocess.run([sys.executable, '-c', code], check=True, capture_output=True, text=True).stdout) for _ in range(n)]
    cost = statistics.median(costs[1:])                                     # the first one still compiles bytecode
    print(f'median of {n - 1} fresh interpreters: {cost:.3f} s over import torch, limit {limit} s; all: ' + ' '.join(f'{c:.3f}' for c in costs))
    sys.exit(cost > limit)
