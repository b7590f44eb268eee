"""Check the folder that toyattn_reproduce wrote: python .ci/check_run.py RUN"""
import json
import sys
from pathlib import Path

keys = {'id', 'statement', 'criterion', 'measured', 'control', 'verdict'}
verdicts = {'holds', 'fails', 'inconclusive', 'not tested'}
expected = {f'C{i}' for i in range(1, 13)}


def problems(run: Path) -> list[str]:
    "What is missing or malformed"
    found = [f'{name} is missing or empty' for name in ('claims.json', 'report.html') if not (run/name).is_file() or not (run/name).stat().st_size]
    found += [f'no {pattern}' for pattern in ('figures/*.png', 'models/*.safetensors') if not any(run.glob(pattern))]
    if not (run/'claims.json').is_file(): return found
    records = json.loads((run/'claims.json').read_text())['claims']
    for r in records:
        if missing := keys - set(r): found.append(f"{r.get('id', 'a record')}: without {sorted(missing)}")
        elif r['verdict'] not in verdicts: found.append(f"{r['id']}: verdict {r['verdict']!r} is none of {sorted(verdicts)}")
        elif r['verdict'] != 'not tested' and not (r['measured'] and r['control']): found.append(f"{r['id']}: a verdict without figures or control")
    if missing := expected - {r.get('id') for r in records}: found.append(f'no record of {sorted(missing)}')
    for r in records: print(f"{r.get('id')}: {r.get('verdict')}")
    return found


if __name__ == '__main__':
    found = problems(Path(sys.argv[1]))
    print(*found, sep='\n')
    sys.exit(bool(found))
