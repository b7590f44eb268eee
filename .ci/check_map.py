"""Train a sample of the map's cells again and compare them with the table that the write-up reads.

    python .ci/check_map.py [TABLE] [CELLS]

On the machine that made the table each seed comes out as it was. Elsewhere floats are rounded in another order and
seeds go their own ways; then the shares of solved seeds must agree, by Fisher's exact test at one in a thousand for
all cells together.
"""
import sys
import tempfile

import pandas as pd
from scipy import stats

from toyattn_nb.sweep import AXES, grid, sweep

COMPARED = 'solved', 'kind', 'accuracy'  # columns in which a seed has to be as it was


def rows_of(table: pd.DataFrame, chosen: dict) -> pd.DataFrame:
    "The rows of one cell, by seed."
    match = (table[list(chosen)] == pd.Series(chosen)).all(axis=1)
    return table[match].sort_values('seed').reset_index(drop=True)


def seeds_as_before(old: pd.DataFrame, new: pd.DataFrame) -> int:
    "How many seeds have the same values in all columns that are compared."
    same = pd.Series(True, index=old.index)
    for column in COMPARED:
        a, b = old[column], new[column].astype(old[column].dtype)
        same &= (a == b) | (a.isna() & b.isna())
    return int(same.sum())


def compare(old: pd.DataFrame, new: pd.DataFrame) -> tuple[str, float]:
    "In words, and how likely shares of solved seeds as different as these are."
    solved = [int(t.solved.sum()) for t in (old, new)]
    p = stats.fisher_exact([[k, len(old) - k] for k in solved]).pvalue
    words = f'{solved[0]} and {solved[1]} of {len(old)} solved, {seeds_as_before(old, new)} seeds as they were, p = {p:.2g}'
    return words, p


def main(path: str, n: int) -> list[dict]:
    "Compare so many cells with the table at this path. Returns those that came out otherwise."
    table = pd.read_parquet(path)
    axes = [axis for axis in AXES if axis in table]
    sample = table[axes].drop_duplicates().sample(n, random_state=0).to_dict('records')
    cells = [cell for chosen in sample for cell in grid(**chosen)]
    with tempfile.TemporaryDirectory() as out:
        again = sweep(out, cells, n_seeds=table.seed.nunique(), progress=False)
    wrong = []
    for chosen in sample:
        words, p = compare(rows_of(table, chosen), rows_of(again, chosen))
        print(f'{chosen}: {words}')
        if p < .001 / n: wrong.append(chosen)
    return wrong


if __name__ == '__main__':
    table_path = sys.argv[1] if len(sys.argv) > 1 else 'nbs/writeup/map.parquet'
    n_cells = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    wrong = main(table_path, n_cells)
    sys.exit(f'other results than in {table_path}: {wrong}' if wrong else 0)
