"""Files of real clients, where somebody has a folder of them: `--corpus DIR`, or `ATTITRE_CORPUS`. None is ours."""

import os
from pathlib import Path

FOLDER = Path(os.environ["ATTITRE_CORPUS"]) if os.environ.get("ATTITRE_CORPUS") else None
FILES = sorted(FOLDER.glob("*.ics")) if FOLDER else []
