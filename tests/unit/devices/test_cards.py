"""What is kept of a card that was read: as little as can be."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_core.errors import NotFound
from hall_queue.persons import NOBODY, Person
from hall_queue.readers import cards
from hall_queue.readers.card import Card, masked, read_answer
from hall_queue.readers.cards import Cards

NUMBER = "11010119900307002X"
# The maker's document, "居民身份证信息返回示例", with a fictional person.
READ = {
    "code": "0", "retcode": "0x90 0x1", "retmsg": "操作成功||相片解码解码正确", "errmsg": "",
    "name": "张三", "sex": "男", "nation": "汉", "born": "19900307", "address": "某市某街道1号",
    "cardno": NUMBER, "userlifeb": "20110330", "userlifee": "20310330", "police": "某公安局",
    "photobase64": "iVBORw0AAElFTkSuQmCC", "FpData": None, "CardType": "0", "EngName": "",
}  # fmt: skip


def answered(**changes: object) -> bytes:
    return msgspec.json.encode({**READ, **changes})


def test_a_card_is_a_number_and_a_name_and_prints_neither() -> None:
    card = read_answer(answered())
    assert card == Card(NUMBER, "张三")
    assert f"{card!r} {card}" == "Card(…) Card(…)"


def test_why_there_is_no_card() -> None:
    nothing = {"name": "", "cardno": ""}
    assert read_answer(answered(code="65", retcode="0x41", **nothing)) == "no_card"
    assert read_answer(answered(code="3", retcode="", retmsg="读卡器正忙", **nothing)) == "no_card"
    assert read_answer(answered(code="1", retcode="0x1", **nothing)) == "no_reader"
    assert read_answer(answered(**nothing)) == "unreadable"
    assert read_answer(answered(cardno="身份证")) == "unreadable"
    for raw in (b"", b"[]", b"{}", b'{"code":0}', b"<html>", b"\xff", b"[" * 100_000):
        assert read_answer(raw) == "unreadable"
    assert read_answer(b" " * 2_000_000 + answered()) == "unreadable"


@given(st.binary(max_size=300) | st.dictionaries(st.text(), st.text()).map(msgspec.json.encode))
def test_any_answer_is_read_or_not(raw: bytes) -> None:
    found = read_answer(raw)
    assert isinstance(found, Card) or found in ("no_card", "no_reader", "unreadable")


def test_names_are_masked() -> None:
    assert [masked(name) for name in ("张三", "欧阳娜娜", "J", "")] == ["张*", "欧*", "J*", ""]


def test_a_reading_is_known_in_its_hall_only_and_serves_once() -> None:
    kept = Cards()
    person = Person("holder", 70, ())
    ref = kept.keep("a", person)
    assert kept.person("a", ref) is person
    with pytest.raises(NotFound):
        kept.person("b", ref)
    kept.forget(ref)
    with pytest.raises(NotFound, match="重新刷"):
        kept.person("a", ref)


def test_a_reading_ends_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Cards()
    now = [1000.0]
    monkeypatch.setattr("hall_queue.readers.cards.time.monotonic", lambda: now[0])
    ref = kept.keep("a", NOBODY)
    now[0] += cards.LIFE_S
    with pytest.raises(NotFound):
        kept.person("a", ref)
    kept.keep("a", NOBODY)
    assert len(kept._kept) == 1


def test_readings_are_bounded() -> None:
    kept = Cards()
    first = kept.keep("a", NOBODY)
    for _ in range(cards.CARDS_MAX):
        kept.keep("a", NOBODY)
    assert len(kept._kept) == cards.CARDS_MAX
    with pytest.raises(NotFound):
        kept.person("a", first)
