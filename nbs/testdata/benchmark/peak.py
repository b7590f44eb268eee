"""The most arithmetic that this processor does for a program: python peak.py

The fastest of several products of two square matrices of NumPy, float32, on all cores: 2 n³ operations each.
Prints as JSON operations a second.
"""
import json
import time

import numpy as np

if __name__ == '__main__':
    n = 2048
    a, b = np.random.default_rng(0).random((2, n, n), np.float32)
    seconds = []
    for _ in range(20):
        before = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - before)
    print(json.dumps(dict(peak=2 * n**3 / min(seconds))))
