"""One call for everything a release gate reads about one scale; `audit` in `scale` is the way in.

Groups first (`groups`: reliability), then pairs of groups (`linking`: anchors, impact; `items`: one item; `pairs`: all
of it).
"""

from psychometrics.audit.scale import Audit as Audit
from psychometrics.audit.scale import audit as audit
