"""merge.py INTO FROM: adds the figures of one flat JSON object to another, which may not exist yet."""

import json
import sys
from pathlib import Path

into, source = map(Path, sys.argv[1:3])
figures = json.loads(into.read_text()) if into.exists() else {}
figures.update(json.loads(source.read_text()))
into.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
