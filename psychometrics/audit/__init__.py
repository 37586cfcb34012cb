"""One call for everything a release gate reads about one scale; `audit` in `scale` is the way in.

Groups first (`groups`: reliability), then pairs of groups (`pairs`: anchors, impact; `items`: one item; `skipping`).
"""

from psychometrics.audit.scale import Audit as Audit
from psychometrics.audit.scale import audit as audit
