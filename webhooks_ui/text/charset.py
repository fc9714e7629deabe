"""Text in the charset that its sender names (RFC 9110 section 8.3), as browsers read it."""

import codecs
import re
from collections.abc import Iterable, Sequence

UTF_8 = "utf-8"
_CHARSET = re.compile(
    r"(?:^|[;\s])charset\s*=\s*[\"']?([a-z0-9_:.-]{1,40})", re.IGNORECASE | re.ASCII
)
_MARKS = {codecs.BOM_UTF8: UTF_8, codecs.BOM_UTF16_LE: "utf-16le", codecs.BOM_UTF16_BE: "utf-16be"}
# The charsets of the Encoding Standard, and what else they are called. A label is looked up here
# alone: Python knows codecs that are no charsets or slow, and remembers each name it does not know.
CHARSETS = {
    UTF_8: "utf8 unicode-1-1-utf-8",
    "utf-16le": "utf-16 unicode ucs-2",
    "utf-16be": "",
    "windows-1252": "iso-8859-1 latin1 l1 us-ascii ascii cp1252",
    "windows-1254": "iso-8859-9 latin5 cp1254",
    "ibm866": "cp866 866",
    "koi8-r": "koi8 koi8_r",
    "koi8-u": "koi8-ru",
    "macintosh": "mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "tis-620": "windows-874 iso-8859-11 cp874",
    "gbk": "gb2312 x-gbk",
    "gb18030": "",
    "big5": "big5-hkscs x-x-big5",
    "cp932": "shift_jis sjis x-sjis windows-31j",
    "euc-jp": "x-euc-jp",
    "iso-2022-jp": "",
    "cp949": "euc-kr ks_c_5601-1987 windows-949",
    **{f"windows-{number}": f"cp{number}" for number in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (*range(2, 9), 10, 13, 14, 15, 16)},
}


def _bare(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", label.lower())


_LABELS = {_bare(label): name for name, also in CHARSETS.items() for label in (name, *also.split())}


def content_type(headers: Iterable[Sequence[str]]) -> str:
    """The value of the first header of that name; empty where there is none."""
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def charset_of(media_type: str, data: bytes) -> str:
    """The charset of the data: by its byte order mark, else the one named, else UTF-8."""
    if marked := next((name for mark, name in _MARKS.items() if data.startswith(mark)), None):
        return marked
    named = _CHARSET.search(media_type)
    return _LABELS.get(_bare(named[1]), UTF_8) if named else UTF_8


def decoded(data: bytes, charset: str) -> str:
    """The text, with replacement characters for bytes that stand for none."""
    return data.decode(charset, errors="replace").removeprefix("\ufeff")
