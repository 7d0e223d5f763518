"""Numbers that tell who wrote something do not stand in lists."""

import pytest

from hall_evaluation.masking import mask_text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请回电13812345678谢谢", "请回电138****5678谢谢"),
        ("138 1234 5678", "138****5678"),
        ("身份证150221199001011234", "身份证150****1234"),
        ("15022119900101123X", "150****123X"),
        ("电话0472-8812345", "电话047****2345"),
        ("8812345", "8******"),
        ("等了120分钟，第3号窗口，2026年3月2日", "等了120分钟，第3号窗口，2026年3月2日"),
        ("2026-03-02已答复，2026-3-5 13812345678", "2026-03-02已答复，2026-3-5 138****5678"),
        ("2026-03-021", "202****3021"),
        ("", ""),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert mask_text(text) == masked
