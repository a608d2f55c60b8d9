"""The first file that `make` runs, with whatever `python3` means: a Python too old for tools/bootstrap.py finds a newer one.

Written for Python 2.7 too, which reads it as it stands.
"""

import os
import sys

NAMES = ("python3.12", "python3.11", "python3.13")
BOOTSTRAP = ["-m", "tools.bootstrap"]

if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if sys.version_info >= (3, 8):
        os.execv(sys.executable, [sys.executable] + BOOTSTRAP + sys.argv[1:])  # noqa: S606, RUF005
    for name in NAMES:
        try:
            os.execvp(name, [name] + BOOTSTRAP + sys.argv[1:])  # noqa: S606, RUF005
        except OSError:
            continue
    version = "%d.%d" % sys.version_info[:2]
    advice = "install 3.11, 3.12 or 3.13 (apt, brew, pyenv) or name it: make PYTHON=/path/to/python3.12."
    sys.exit("Basketry: Python " + version + " is too old: " + advice)
