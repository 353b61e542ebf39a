"""The report as one page of HTML, for an assembly and whoever doubts it.

:mod:`.document` puts it together; :mod:`.elements` is where text becomes HTML, and the only place that escapes;
:mod:`.words` speaks the page's languages. What the page shows is bounded, whatever the record holds.
"""

from .document import content_security_policy, render_page
from .subject import Subject, Verifier
from .words import LANGUAGES, Language, LanguageName

__all__ = [
    "LANGUAGES",
    "Language",
    "LanguageName",
    "Subject",
    "Verifier",
    "content_security_policy",
    "render_page",
]
