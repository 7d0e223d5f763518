"""Clips that cover a sentence, levels and rates, and a synthesiser that may be missing or stuck."""

import asyncio
import io
import math
import wave
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hall_displays import speech, voice
from hall_displays.voice import Sound, Voice, best_voice, cover

RATE = 8000
STANDARD = [
    "请", "号到", "号窗口办理", *speech.DIGITS, "幺", "十", "百", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
]  # fmt: skip


def tone(seconds: float = 0.1, peak: int = 3000, rate: int = RATE) -> Sound:
    count = int(rate * seconds)
    return Sound(rate, array("h", [int(peak * math.sin(i / 3)) for i in range(count)]))


def write(folder: Path, name: str, sound: Sound) -> None:
    (folder / f"{name}.wav").write_bytes(voice.to_wav(sound))


def seconds(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav), "rb") as reader:
        assert (reader.getnchannels(), reader.getsampwidth()) == (1, 2)
        return reader.getnframes() / reader.getframerate()


# --- which clips -------------------------------------------------------------------------------


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=2),
    st.integers(1, 9999),
    st.integers(1, 999),
    st.sampled_from("一幺"),
)
def test_the_documented_clips_say_every_call(
    prefix: str, number: int, window: int, one: str
) -> None:
    sentence = (
        f"请{speech.read_number(f'{prefix}{number:03d}', one)}号到"
        f"{speech.read_window(window)}号窗口办理"
    )
    clips = cover(sentence, STANDARD)
    assert clips is not None
    assert "".join(clips) == sentence


@given(
    st.text("请号到零一二A，。 ", max_size=25),
    st.sets(st.text("请号到零一二A", min_size=1, max_size=4)),
)
def test_a_cover_is_the_sentence_without_its_punctuation(sentence: str, names: set[str]) -> None:
    clips = cover(sentence, names)
    if clips is not None:
        assert set(clips) <= names
        assert "".join(clips) == "".join(s for s in sentence if s not in voice.SILENT_SIGNS)


def test_longer_clips_win_and_a_missing_word_is_no_cover() -> None:
    assert cover("请到", {"请", "到", "请到"}) == ["请到"]
    assert cover("请A到", {"请", "到"}) is None
    assert cover("ab", {"a", "ab", "abc"}) == ["ab"]
    assert cover("", {"a"}) is None
    assert cover("，", {"a"}) is None


# --- samples -----------------------------------------------------------------------------------


@given(st.integers(200, 32767), st.integers(0, 3))
def test_everything_is_equally_loud_and_never_clips(peak: int, shape: int) -> None:
    samples = array("h", [int(peak * math.sin(i / 3) ** (2 * shape + 1)) for i in range(2000)])
    made = voice.levelled(Sound(RATE, samples)).samples
    loudest = max(max(made), -min(made))
    power = math.sqrt(sum(s * s for s in made) / len(made)) / voice.FULL
    assert loudest <= 32767
    # As loud as wanted, unless the peaks would not fit.
    assert power == pytest.approx(voice.LOUDNESS, rel=0.08) or loudest >= voice.PEAK * 0.9


def test_silence_stays_silent() -> None:
    quiet = Sound(RATE, array("h", [0] * 100))
    assert voice.levelled(quiet) == quiet
    nothing = Sound(RATE, array("h"))
    assert voice.levelled(nothing) == nothing


def test_clips_are_loaded_at_one_rate_and_loudness_and_keep_their_length(tmp_path: Path) -> None:
    write(tmp_path, "请", tone(0.5, rate=8000, peak=1000))
    write(tmp_path, "号", tone(0.25, rate=16000, peak=30000))
    write(tmp_path, "到", tone(0.25, rate=22050))
    clips = voice.load_clips(tmp_path)
    assert {clip.rate for clip in clips.values()} == {22050}
    for clip in clips.values():
        power = math.sqrt(sum(s * s for s in clip.samples) / len(clip.samples)) / voice.FULL
        assert power == pytest.approx(voice.LOUDNESS, rel=0.1)
    joined = voice.join(clips[name] for name in "请号到")
    assert list(joined.samples) == [s for name in "请号到" for s in clips[name].samples]
    assert len(joined.samples) / joined.rate == pytest.approx(1.0, abs=0.01)


def test_a_stereo_clip_is_read_as_mono(tmp_path: Path) -> None:
    path = tmp_path / "请.wav"
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(array("h", [5, 5, 7, 7, 9, 9]).tobytes())
    assert list(voice.read_clip(path).samples) == [5, 7, 9]


def test_a_clip_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "请.wav"
    path.write_bytes(b"ID3 this is an MP3")
    with pytest.raises(ValueError, match=r"请\.wav.*16-bit PCM WAV"):
        voice.read_clip(path)


# --- speaking ----------------------------------------------------------------------------------


async def started(folder: Path, program: Path | None = None) -> Voice:
    made = Voice(folder)
    await made.start()
    made._espeak = {} if program is None else {"zh": [str(program)]}
    return made


def script(folder: Path, text: str) -> Path:
    path = folder / "espeak"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


async def test_recorded_clips_are_joined(tmp_path: Path) -> None:
    for name in ("请", "A", "零", "一", "号到", "号窗口办理"):
        write(tmp_path, name, tone(0.1))
    speaker = await started(tmp_path)
    assert speaker.available
    wav = await speaker.wav("请A零一号到一号窗口办理", "zh")
    assert wav is not None
    assert seconds(wav) == pytest.approx(0.7)
    assert await speaker.wav("请B零一号到一号窗口办理", "zh") is None


async def test_a_call_works_on_no_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Loops over samples would hold up the server: they are for the start.
    write(tmp_path, "请", tone(0.1, rate=8000))
    write(tmp_path, "到", tone(0.1, rate=16000))
    (tmp_path / "said").mkdir()
    write(tmp_path / "said", "say", tone(0.2))
    program = script(tmp_path, f"cat > /dev/null; cat {tmp_path}/said/say.wav")
    speaker = await started(tmp_path, program)
    for name in ("read_clip", "levelled", "resampled"):
        monkeypatch.delattr(voice, name)
    wav = await speaker.wav("请到", "zh")
    assert wav is not None
    assert seconds(wav) == pytest.approx(0.2, abs=0.01)
    assert await speaker.wav("好", "zh") == voice.to_wav(tone(0.2))  # as it was made


async def test_without_clips_the_synthesiser_speaks(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    (tmp_path / "say.wav").write_bytes(voice.to_wav(tone(0.3)))
    program = script(tmp_path, f"cat >> {heard}; cat {tmp_path}/say.wav")
    speaker = await started(tmp_path / "none", program)
    wav = await speaker.wav("-请--A\x00零\n一", "zh")
    assert wav is not None
    assert seconds(wav) == pytest.approx(0.3)
    assert heard.read_text() == "-请--A 零 一"


async def test_a_sentence_is_made_once_however_many_ask(tmp_path: Path) -> None:
    made = tmp_path / "made"
    (tmp_path / "say.wav").write_bytes(voice.to_wav(tone()))
    program = script(tmp_path, f"cat > /dev/null; echo x >> {made}; cat {tmp_path}/say.wav")
    speaker = await started(tmp_path / "none", program)
    answers = await asyncio.gather(*(speaker.wav("请", "zh") for _ in range(40)))
    answers.append(await speaker.wav("请", "zh"))
    assert len(set(answers)) == 1
    assert answers[0] is not None
    assert made.read_text().count("x") == 1


async def test_only_the_newest_sentences_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "KEPT", 3)
    for name in speech.DIGITS:
        write(tmp_path, name, tone(0.01))
    speaker = await started(tmp_path)
    for word in "零一二零三四":
        assert await speaker.wav(word, "zh") is not None
    assert [sentence for _, sentence in speaker._kept] == ["零", "三", "四"]


@pytest.mark.parametrize(
    "text", ["exit 1", "cat > /dev/null; echo this is not sound", "exec sleep 60", "exec /no/such"]
)
async def test_a_broken_synthesiser_is_no_voice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(voice, "SYNTHESIS_S", 0.2)
    speaker = await started(tmp_path / "none", script(tmp_path, text))
    assert await speaker.wav("请", "zh") is None
    assert await speaker.wav("请", "zh") is None  # and asked again it still answers


async def test_an_unreadable_clip_is_no_voice_and_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "请.wav").write_bytes(b"not a sound")
    (tmp_path / "号.wav").mkdir()
    for name, rate in (("零", 0), ("一", 4_000_000_000)):
        sound = bytearray(voice.to_wav(tone()))
        sound[24:28] = rate.to_bytes(4, "little")
        (tmp_path / f"{name}.wav").write_bytes(sound)
    write(tmp_path, "到", tone())
    speaker = await started(tmp_path)
    for word in "请号零一":
        assert await speaker.wav(word, "zh") is None
    assert await speaker.wav("到", "zh") is not None


async def test_nothing_to_speak_with(tmp_path: Path) -> None:
    speaker = await started(tmp_path / "none")
    assert not speaker.available
    assert await speaker.wav("请", "zh") is None


def test_mandarin_is_read_by_the_voice_that_can() -> None:
    listed = (
        "Pty Language       Age/Gender VoiceName          File                 Other Languages\n"
        " 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn  (zh-cmn 5)\n"
        " 5  cmn-latn-pinyin --/M      Chinese_(Mandarin,_latin_as_Pinyin) sit/cmn-Latn-pinyin\n"
    )
    assert best_voice(listed, voice.VOICES["zh"]) == "cmn-latn-pinyin"
    assert best_voice(listed.rsplit("\n", 2)[0], voice.VOICES["zh"]) == "cmn"
    assert best_voice(listed, voice.VOICES["en"]) is None
