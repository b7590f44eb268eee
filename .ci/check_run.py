"""Check the folder that toyattn_reproduce wrote: python .ci/check_run.py RUN"""
import json
import sys
from pathlib import Path

KEYS = {'id', 'statement', 'source', 'criterion', 'parts', 'measured', 'control', 'scope', 'verdict', 'confirmatory'}
VERDICTS = {'holds', 'fails', 'inconclusive', 'inconclusive: control failed', 'not tested'}
EXPECTED = {f'C{i}' for i in range(1, 13)}
FILES = ['claims.json', 'report.html', 'results.parquet', 'manifest.json', 'figures/*.png',
         'cells/*.safetensors', 'cells/*.parquet', 'cells/*.json']


def by_part(verdict: str) -> dict[str, str]:
    "The verdicts of a line such as 'does: holds, needs: fails', by part; one word for all stands under ''"
    if verdict in VERDICTS: return {'': verdict}
    return dict(piece.split(': ', maxsplit=1) if ': ' in piece else (piece, '') for piece in verdict.split(', '))


def record_problems(record: dict) -> list[str]:
    "What is missing or malformed in one record"
    name = record.get('id', 'a record')
    if missing := KEYS - set(record): return [f'{name}: without {sorted(missing)}']
    said = list(by_part(record['verdict']).values()) + list(record['parts'].values())
    found = [f'{name}: verdict {verdict!r} is none of {sorted(VERDICTS)}' for verdict in said if verdict not in VERDICTS]
    tested = record['verdict'] != 'not tested'
    if tested and not (record['measured'] and record['control']): found.append(f'{name}: a verdict without figures or control')
    if tested and not record['criterion']: found.append(f'{name}: a verdict without a criterion')
    return found


def problems(run: Path) -> list[str]:
    "What is missing or malformed"
    found = []
    for pattern in FILES:
        files = list(run.glob(pattern))
        if not files: found.append(f'no {pattern}')
        found += [f'{path.relative_to(run)} is empty' for path in files if not path.stat().st_size]
    if not (run/'claims.json').is_file(): return found
    records = json.loads((run/'claims.json').read_text(encoding='utf-8'))['claims']
    for record in records:
        print(f"{record.get('id')}: {record.get('verdict')}")
        found += record_problems(record)
    ids = [record.get('id') for record in records]
    if missing := EXPECTED - set(ids): found.append(f'no record of {sorted(missing)}')
    if len(ids) != len(set(ids)): found.append(f'records twice: {ids}')
    return found


if __name__ == '__main__':
    found = problems(Path(sys.argv[1]))
    print(*found, sep='\n')
    sys.exit(bool(found))
