"""What can go wrong, in the user's words.

    SeedError                     any request that is answered with a reason instead of a result
    ├── StaleDocumentError        the document changed since the request; nothing was applied
    ├── SelectionError            there is nothing to work on, or too much
    ├── RejectedResultError       the model's text was not safe to apply; nothing was applied
    │   └── NoChangeError         the model would leave the code as it is
    ├── RenameRefusedError        the symbol cannot be renamed, or not to that name
    ├── FetchFailedError          a model could not be fetched
    ├── UnknownDocumentError      the document is not open, or no text file
    ├── UnsupportedError          the editor has not announced what it would have to do
    └── CancelledError            the user no longer wants it

The engine's own errors (`engine.api.EngineError` and below) pass through unchanged.
"""


class SeedError(Exception):
    """Any request that is answered with a reason instead of a result."""


class StaleDocumentError(SeedError):
    """The document changed since the request was made."""


class SelectionError(SeedError):
    """There is nothing to work on, or too much."""


class RejectedResultError(SeedError):
    """The model's text was not safe to apply."""


class NoChangeError(RejectedResultError):
    """The model would leave the code as it is."""


class UnknownDocumentError(SeedError):
    """The document is not open, or no text file."""


class CancelledError(SeedError):
    """The user no longer wants it."""


class UnsupportedError(SeedError):
    """The editor has not announced what it would have to do."""


class RenameRefusedError(SeedError):
    """The symbol cannot be renamed, or not to that name; nothing was changed."""


class FetchFailedError(SeedError):
    """A model could not be fetched; the text names each source with its reason."""


def reason_of(error: BaseException) -> str:
    """What went wrong with a file, in the system's words and without its path."""
    return str(getattr(error, "strerror", None) or type(error).__name__)
