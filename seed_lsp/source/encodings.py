"""A file's bytes as text, and back: by its byte order mark, by what a Python file declares (PEP
263), else UTF-8.
"""

from __future__ import annotations

import codecs
import io
import tokenize

from seed_lsp.errors import UnknownDocumentError

UTF8, MARKED_UTF8, ANY_BYTES = "utf-8", "utf-8-sig", "latin-1"
"""`ANY_BYTES` has a character for each byte, so that what nobody can read can at least be searched.
"""
_MARKS_OF_16_BITS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(content: bytes, name: str, *, python: bool) -> tuple[str, str]:
    """The text, without a byte order mark, and the encoding that makes these very bytes of it.

    `UnknownDocumentError` in words, of the file `name`, where there is none.
    """
    encoding = _encoding_of(content, name, python=python)
    try:
        text = content.decode(encoding)
        exact = encoding in {UTF8, MARKED_UTF8} or text.encode(encoding) == content
    except UnicodeDecodeError as error:
        shown = "UTF-8" if encoding in {UTF8, MARKED_UTF8} else encoding
        raise UnknownDocumentError(f"{name} is not {shown} text (byte {error.start}); convert it first") from error
    except (LookupError, UnicodeError) as error:
        raise UnknownDocumentError(f"{name} is in the encoding {encoding}, which cannot be read; convert it first") from error
    if not exact:
        raise UnknownDocumentError(f"{name} could not be written back as it is in the encoding {encoding}; convert it first")
    return text, encoding


def encoded(text: str, encoding: str, name: str) -> bytes:
    """The text's bytes; `UnknownDocumentError` where the encoding of the file `name` has no sign
    for one of its characters.
    """
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        missing = text[error.start]
        raise UnknownDocumentError(f"{name} is written in {encoding}, which has no {missing!r}; nothing was changed") from error


def declared_encoding(text: str) -> str:
    """The encoding that the text of a Python file declares; UTF-8 if it declares none that there
    is.
    """
    try:
        found, _ = tokenize.detect_encoding(io.BytesIO(text.encode("utf-8", "surrogatepass")).readline)
    except SyntaxError:
        return UTF8
    return UTF8 if found == MARKED_UTF8 else found


def _encoding_of(content: bytes, name: str, *, python: bool) -> str:
    if content.startswith(codecs.BOM_UTF8):
        return MARKED_UTF8
    if not python:
        return "utf-16" if content.startswith(_MARKS_OF_16_BITS) else UTF8
    try:
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    except SyntaxError as error:
        # Either what it declares is no encoding, or it declares none and is no UTF-8.
        if "invalid or missing" in str(error):
            return UTF8
        raise UnknownDocumentError(f"{name} declares an encoding that is unknown ({error.msg}); convert it first") from error
