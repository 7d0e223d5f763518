"""Characters of the video platforms: GB 18030 by the standard of 2022, GB 2312 before, and UTF-8
from some. Pure."""

from __future__ import annotations


def decode(data: bytes) -> str:
    """Text in whatever of these it is; what is none becomes U+FFFD. UTF-8 is tried first: hardly
    any text in GB 18030 is valid UTF-8 too, but every text in UTF-8 looks like GB 18030."""
    for charset in ("utf-8", "gb18030"):
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    return data.decode("gb18030", "replace")


def declared(data: bytes, charset: str) -> str:
    """A body that names its charset: as it says, else as `decode`."""
    if charset.lower() in ("gb2312", "gbk", "gb18030"):
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError:
            pass
    return decode(data)
