"""Check the folder that toyattn_reproduce wrote: python .ci/check_run.py RUN"""
import json
import sys
from pathlib import Path

KEYS = {'id', 'statement', 'source', 'criterion', 'parts', 'measured', 'control', 'expected', 'scope', 'refuted', 'verdict',
        'confirmatory'}
UNDECIDED = {'inconclusive', 'inconclusive: control failed', 'inconclusive: control open'}
VERDICTS = {'holds', 'fails', 'not tested', *UNDECIDED}
OWN_WORDS = {'tells', 'does not tell', 'does not tell (reversed)'}  # of parts
EXPECTED = {*(f'C{i}' for i in range(1, 12)), *(f'C12{part}' for part in 'abcd')}  # and whatever else has been stated
FILES = ['claims.json', 'report.html', 'results.parquet', 'manifest.json', 'versions.txt', 'figures/*.svg',
         'cells/*.safetensors', 'cells/*.parquet', 'cells/*.json']


def record_problems(record: dict) -> list[str]:
    "What is missing or malformed in one record"
    name = record.get('id', 'a record')
    if missing := KEYS - set(record): return [f'{name}: without {sorted(missing)}']
    words, verdict = VERDICTS | OWN_WORDS, record['verdict']
    found = [f'{name}: {part} {word!r} is none of {sorted(words)}' for part, word in record['parts'].items() if word not in words]
    side_by_side = ', '.join(f'{part}: {word}' for part, word in record['parts'].items())
    if verdict not in VERDICTS and verdict != side_by_side: found.append(f'{name}: verdict {verdict!r} is not of its parts')
    tested = verdict != 'not tested'
    if tested and not record['scope']: found.append(f'{name}: a verdict without scope')
    if tested and not record['refuted']: found.append(f'{name}: nothing would have refuted it')
    if any(test['met'] is False for test in record['expected']) != (verdict == 'inconclusive: control failed'):
        found.append(f'{name}: {verdict!r} does not fit its controls')
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
