"""``python -m psychometrics``: the audit of a file of answers, without the service."""

from __future__ import annotations

import sys

from psychometrics.report.command import main

sys.exit(main())
