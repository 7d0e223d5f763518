"""Cameras from a table, as people keep them: CSV text, or the first sheet of an .xlsx file.

The first line names the columns. What is wrong is told row by row, all of it at once, by the line
that a spreadsheet shows; then nothing is imported.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hall_cameras.bodies import ImportBody, NewCameraBody
from hall_core.errors import FieldError, Invalid, invalid

ROWS_MAX = 200
UNPACKED_MAX = 32 << 20  # bytes of an .xlsx file's parts together
COLUMNS = {
    "名称": "name",
    "onvif地址": "onvif",
    "rtsp地址": "rtsp",
    "用户名": "username",
    "密码": "password",
    "视频流": "profile",
    "所属": "group",
} | {name: name for name in ("name", "onvif", "rtsp", "username", "password", "profile", "group")}
_ROW = re.compile(r"rows\[(\d+)\]")


class Table(msgspec.Struct, frozen=True):
    """What is to be imported; `lines[i]` is where `rows[i]` stands in its file."""

    rows: tuple[NewCameraBody, ...]
    lines: tuple[int, ...]

    def named(self, errors: Iterable[FieldError]) -> Invalid:
        """Errors of fields `rows[i].…` with the line in their words."""
        told = tuple(self._named(error) for error in errors)
        return Invalid("invalid_field", told[0].message, told)

    def _named(self, error: FieldError) -> FieldError:
        found = _ROW.match(error.field)  # a table of one row has no rows in its fields
        line = self.lines[int(found[1]) if found else 0]
        english = f"Row {line}: {error.message_en}" if error.message_en else ""
        return FieldError(error.field, f"第 {line} 行：{error.message}", english)


def read(body: ImportBody) -> Table:
    """The cameras of an import. Takes a while for an .xlsx file: run it in a thread.

    Raises:
        Invalid: there are none, too many, or something can't be read.
    """
    if body.rows:
        return _counted(Table(body.rows, tuple(range(1, len(body.rows) + 1))))
    lines = _of_xlsx(body.xlsx) if body.xlsx else _of_csv(body.csv)
    return _counted(_table(lines))


def _counted(table: Table) -> Table:
    if not 1 <= len(table.rows) <= ROWS_MAX:
        raise invalid(
            "rows",
            f"一次可导入 1 到 {ROWS_MAX} 台摄像机。",
            f"Please import 1 to {ROWS_MAX} cameras at a time.",
        )
    return table


def _table(lines: list[list[str]]) -> Table:
    heads = lines[0] if lines else []
    unknown = [head for head in heads if head and head.lower() not in COLUMNS]
    if unknown:
        known = "、".join(name for name in COLUMNS if not name.isascii() or name[0].isupper())
        known_en = ", ".join(dict.fromkeys(COLUMNS.values()))
        raise invalid(
            "rows",
            f"不认识这一列：{unknown[0][:40]}。第一行应为列名：{known}。",
            f"The column “{unknown[0][:40]}” is not known. The first line names the columns:"
            f" {known_en}.",
        )
    names = [COLUMNS.get(head.lower(), "") for head in heads]
    if "name" not in names:
        raise invalid(
            "rows",
            "缺少“名称”列；第一行应为列名。",
            "The column “name” is missing. The first line names the columns.",
        )
    rows: list[NewCameraBody] = []
    places: list[int] = []
    errors: list[FieldError] = []
    for number, cells in enumerate(lines[1:], 2):
        values = {name: cell for name, cell in zip(names, cells, strict=False) if name}
        if not any(values.values()):
            continue
        try:
            rows.append(msgspec.convert(values, NewCameraBody))
            places.append(number)
        except msgspec.ValidationError:
            words = f"第 {number} 行：缺少名称，或有一格超过 128 个字。"
            english = f"Row {number}: The name is missing, or a cell has more than 128 characters."
            errors.append(FieldError(f"rows[{number - 2}]", words, english))
    if errors:
        raise Invalid("invalid_field", errors[0].message, tuple(errors))
    return Table(tuple(rows), tuple(places))


def _of_csv(text: str) -> list[list[str]]:
    try:
        return [
            [cell.strip() for cell in line]
            for line in csv.reader(io.StringIO(text.lstrip("\ufeff")))
        ]
    except csv.Error as error:
        raise invalid(
            "csv", f"文件内容无法解读：{error}。", f"The file can't be read: {error}."
        ) from None


def _of_xlsx(data: bytes) -> list[list[str]]:
    from openpyxl import load_workbook  # takes a while, and few installations ever ask

    unreadable = invalid(
        "xlsx",
        "文件无法解读；请存为 .xlsx 或 CSV 后再试。",
        "The file can't be read. Please save it as .xlsx or CSV and try again.",
    )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > UNPACKED_MAX:
                raise unreadable
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            rows = sheet.iter_rows(max_row=ROWS_MAX + 50, max_col=40, values_only=True)
            return [_cells(row) for row in rows]
        finally:
            book.close()
    except Invalid:
        raise
    except Exception:  # whatever a broken or hostile file makes of its reader
        raise unreadable from None


def _cells(row: Sequence[Any]) -> list[str]:
    # A password of digits is a number to a spreadsheet.
    texts = (int(v) if isinstance(v, float) and v.is_integer() else v for v in row)
    return ["" if value is None else str(value).strip() for value in texts]
