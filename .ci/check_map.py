"""Train a sample of the map's cells again and compare them with the table that the write-up reads.

    python .ci/check_map.py [TABLE] [CELLS]

On the machine that made the table each seed comes out as it was. Elsewhere floats are rounded in another order and seeds
go their own ways; then the shares of solved seeds must agree, by Fisher's exact test at one in a thousand for all cells together.
"""
import sys
import tempfile

import pandas as pd
from scipy import stats

from toyattn_nb.sweep import AXES, grid, sweep

if __name__ == '__main__':
    path, n = sys.argv[1] if len(sys.argv) > 1 else 'nbs/writeup/map.parquet', int(sys.argv[2]) if len(sys.argv) > 2 else 3
    table, wrong = pd.read_parquet(path), []
    axes = [a for a in AXES if a in table]
    sample = table[axes].drop_duplicates().sample(n, random_state=0).to_dict('records')
    with tempfile.TemporaryDirectory() as out:
        again = sweep(out, [cell for chosen in sample for cell in grid(**chosen)], n_seeds=table.seed.nunique(), progress=False)
    for chosen in sample:
        old, new = (t[(t[axes] == pd.Series(chosen)).all(axis=1)].sort_values('seed').reset_index(drop=True) for t in (table, again))
        same = sum((old[c] == new[c].astype(old[c].dtype)) | (old[c].isna() & new[c].isna()) for c in ('solved', 'kind', 'accuracy')) == 3
        solved = [[int(t.solved.sum()), int((~t.solved).sum())] for t in (old, new)]
        p = stats.fisher_exact(solved).pvalue
        print(f'{chosen}: {solved[0][0]} and {solved[1][0]} of {len(old)} solved, {int(same.sum())} seeds as they were, p = {p:.2g}')
        if p < .001 / n: wrong.append(chosen)
    sys.exit(f'other results than in {path}: {wrong}' if wrong else 0)
