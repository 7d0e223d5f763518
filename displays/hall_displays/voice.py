"""The server's voice: recorded clips where they cover a sentence, else espeak-ng, else none.

A screen asks for a sentence and gets a WAV, or nothing and speaks itself. Clips are read once, at
start, and brought to one loudness and one rate: loops over samples in Python would hold up the
server during a call, so that then clips are only put together, and espeak-ng is as loud as it was
told to be. Sentences are made in threads, two at a time, each once however many screens ask; the
newest are kept.
"""

from __future__ import annotations

import asyncio
import io
import math
import operator
import shutil
import subprocess
import sys
import wave
from array import array
from collections import OrderedDict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import structlog

log = structlog.get_logger()

Language: TypeAlias = Literal["zh", "en"]
Samples: TypeAlias = "array[int]"  # signed 16 bit

SENTENCE_MAX = 400  # characters; a page that reads itself aloud asks for the most
SYNTHESIS_S = 5.0  # then the screen should rather speak itself
KEPT = 64  # sentences, about 150 kB each
AT_ONCE = 2
WORDS_PER_MINUTE = {"zh": 165, "en": 150}
# Newer espeak-ng reads characters only with the second-named voice of Mandarin: `cmn` of 1.51
# turns them into pinyin and reads that as English.
VOICES: dict[Language, tuple[str, ...]] = {
    "zh": ("cmn-latn-pinyin", "cmn", "zh"),
    "en": ("en-gb", "en"),
}
RATES = range(4000, 192_001)  # samples a second; every clip is kept at the highest rate among them
LOUDNESS = 0.16  # of full scale, root mean square
# espeak-ng's `-a` (0 to 200) that gives about this loudness; it limits its peaks itself.
AMPLITUDE = {"zh": 125, "en": 185}
PEAK = 0.95 * 32767
FULL = 32768.0
SILENT_SIGNS = frozenset(" \t\u3000,.;:!?，。；：！？、·“”\"'")


class Sound(msgspec.Struct, frozen=True):
    """Mono samples at a rate."""

    rate: int
    samples: Samples


class Voice:
    """Makes sentences audible. `folder` holds recorded clips, named for what they say."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clips: dict[str, Sound] = {}
        self._espeak: dict[Language, list[str]] = {}
        self._kept: OrderedDict[tuple[Language, str], bytes] = OrderedDict()
        self._making: dict[tuple[Language, str], asyncio.Task[bytes | None]] = {}
        self._turn: asyncio.Semaphore = asyncio.Semaphore(AT_ONCE)

    @property
    def available(self) -> bool:
        """Whether asking is worth while."""
        return bool(self._clips or self._espeak)

    async def start(self) -> None:
        """Look what there is to speak with, and load it. Takes a moment: before serving."""
        self._clips = await asyncio.to_thread(load_clips, self._folder)
        self._espeak = await asyncio.to_thread(_find_espeak)

    async def wav(self, sentence: str, language: Language) -> bytes | None:
        """A WAV of `sentence`, or None: this server can't say it."""
        key = (language, sentence)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._make(key))
        return await asyncio.shield(task)  # somebody else may be waiting for the same

    async def _make(self, key: tuple[Language, str]) -> bytes | None:
        language, sentence = key
        try:
            async with self._turn:
                made = await asyncio.to_thread(self._speak, sentence, language)
        finally:
            del self._making[key]
        if made is not None:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def _speak(self, sentence: str, language: Language) -> bytes | None:
        try:
            names = cover(sentence, self._clips)
            if names:
                return to_wav(join(self._clips[name] for name in names))
            if language in self._espeak:
                return to_wav(synthesise(self._espeak[language], sentence))
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            log.warning("voice_failed", sentence=sentence, error=str(error))
        return None


def load_clips(folder: Path) -> dict[str, Sound]:
    """The folder's clips by what they say, equally loud and at one rate. Unusable ones are logged
    and left out."""
    read: dict[str, Sound] = {}
    for path in sorted(folder.glob("*.wav")) if folder.is_dir() else ():
        try:
            read[path.stem] = levelled(read_clip(path))
        except (OSError, ValueError) as error:
            log.warning("voice_clip_unusable", error=str(error))
    rate = max((sound.rate for sound in read.values()), default=0)
    return {name: resampled(sound, rate) for name, sound in read.items()}


def _find_espeak() -> dict[Language, list[str]]:
    """The command for each language that espeak-ng speaks here."""
    program = shutil.which("espeak-ng")
    if program is None:
        return {}
    try:
        listed = subprocess.run(
            [program, "--voices"], capture_output=True, timeout=SYNTHESIS_S, check=True
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("voice_espeak_unusable", error=str(error))
        return {}
    return {
        language: [
            program, "-v", name, "-s", str(WORDS_PER_MINUTE[language]),
            "-a", str(AMPLITUDE[language]), "-b", "1", "--stdin", "--stdout",
        ]
        for language in VOICES
        if (name := best_voice(listed, VOICES[language])) is not None
    }  # fmt: skip


def best_voice(listed: str, wanted: Iterable[str]) -> str | None:
    """The first of `wanted` that `espeak-ng --voices` lists."""
    known = {columns[1] for line in listed.splitlines() if len(columns := line.split()) > 1}
    return next((name for name in wanted if name in known), None)


def cover(sentence: str, names: Collection[str]) -> list[str] | None:
    """The fewest clips whose names make up the sentence, in order; None if some word is missing.

    Spaces and punctuation are silent.
    """
    longest = max(map(len, names), default=0)
    end = len(sentence)
    # best[i]: the clips for sentence[i:], as (how many, the first one's name, where it ends)
    best: list[tuple[int, str, int] | None] = [None] * end + [(0, "", end)]
    for start in range(end - 1, -1, -1):
        if sentence[start] in SILENT_SIGNS:
            after = best[start + 1]
            best[start] = None if after is None else (after[0], "", start + 1)
            continue
        for stop in range(start + 1, min(end, start + longest) + 1):
            after = best[stop]
            name = sentence[start:stop]
            if after is None or name not in names:
                continue
            found = best[start]
            if found is None or after[0] + 1 < found[0]:
                best[start] = (after[0] + 1, name, stop)
    clips: list[str] = []
    at = 0
    while at < end:
        step = best[at]
        if step is None:
            return None
        if step[1]:
            clips.append(step[1])
        at = step[2]
    return clips or None


def synthesise(command: list[str], sentence: str) -> Sound:
    """Run espeak-ng once. The sentence goes in by standard input: it can't become an option."""
    said = "".join(sign if sign.isprintable() else " " for sign in sentence)
    done = subprocess.run(
        command, input=said.encode(), capture_output=True, timeout=SYNTHESIS_S, check=True
    )
    return read_wav(done.stdout)  # to give it a true length: a stream has none


# --- samples -----------------------------------------------------------------------------------


def read_clip(path: Path) -> Sound:
    """Raises ValueError with the file's name when it is not 16-bit PCM."""
    try:
        return read_wav(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}; save it as 16-bit PCM WAV") from error


def read_wav(data: bytes) -> Sound:
    """Mono samples of a 16-bit WAV; a length of nonsense (a stream) means all there is.

    Raises:
        ValueError: it is something else.
    """
    try:
        with wave.open(io.BytesIO(data), "rb") as reader:
            channels, width, rate = reader.getparams()[:3]
            raw = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: lengths that don't fit
        raise ValueError(f"unreadable: {error}") from error
    if width != 2:
        raise ValueError(f"{width * 8} bits a sample")
    if rate not in RATES:
        raise ValueError(f"{rate} samples a second")
    samples = array("h")
    samples.frombytes(raw[: len(raw) // (2 * channels) * 2 * channels])
    if sys.byteorder == "big":
        samples.byteswap()
    if channels > 1:
        samples = samples[::channels]  # speech is the same on each
    return Sound(rate, samples)


def to_wav(sound: Sound) -> bytes:
    samples = sound.samples
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sound.rate)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def levelled(sound: Sound) -> Sound:
    """As loud as every other, without clipping."""
    samples = sound.samples
    if not samples:
        return sound
    peak = max(max(samples), -min(samples))
    power = sum(map(operator.mul, samples, samples)) / len(samples)
    if peak == 0:
        return sound
    gain = min(LOUDNESS * FULL / math.sqrt(power), PEAK / peak)
    if 0.95 < gain < 1.05:
        return sound
    return Sound(sound.rate, array("h", [int(sample * gain) for sample in samples]))


def join(sounds: Iterable[Sound]) -> Sound:
    """One after the other; they have one rate."""
    parts = list(sounds)
    samples = array("h")
    for part in parts:
        samples.extend(part.samples)
    return Sound(parts[0].rate, samples)


def resampled(sound: Sound, rate: int) -> Sound:
    """At another rate, by straight lines between samples: good enough for a voice in a hall."""
    old = sound.samples
    if sound.rate == rate or len(old) < 2:
        return Sound(rate, old)
    step = sound.rate / rate
    last = len(old) - 1
    new = array("h")
    for index in range(int(len(old) / step)):
        at = min(index * step, last - 1e-9)
        left = int(at)
        new.append(round(old[left] + (old[left + 1] - old[left]) * (at - left)))
    return Sound(rate, new)
