"""SIP, SDP and MANSCDP from strangers: read what platforms write, refuse the rest, never fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hall_cameras.cascade import digest, manscdp, ptz, sdp, sip
from hall_cameras.cascade.manscdp import BadBody
from hall_cameras.cascade.sdp import BadOffer
from hall_cameras.cascade.sip import BadMessage

SERVER = "34020000002000000001"
CAMERA = "34020000001310000001"
MESSAGE = (
    f"MESSAGE sip:{CAMERA}@3402000000 SIP/2.0\r\n"
    "v: SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK1\r\n"
    f'From: "市平台" <sip:{SERVER}@3402000000>;tag=a1\r\n'
    f"To: <sip:{CAMERA}@3402000000>\r\n"
    "i: 42@10.0.0.1\r\n"
    "CSeq: 20 MESSAGE\r\n"
    "Subject: one,\r\n two\r\n"
    "Content-Type: Application/MANSCDP+xml\r\n"
)
QUERY = (
    '<?xml version="1.0" encoding="{0}"?>\r\n<Query>\r\n<CmdType>Catalog</CmdType>\r\n'
    "<SN>17</SN>\r\n<DeviceID>34020000002000000199</DeviceID>\r\n<Name>河源县𠀀</Name>\r\n</Query>"
)
INVITE = (
    f"v=0\r\no={SERVER} 0 0 IN IP4 10.0.0.1\r\ns=Play\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"
    "m=video 30000 RTP/AVP 96 97 98\r\na=recvonly\r\na=rtpmap:96 PS/90000\r\n"
    "a=streamnumber:1\r\ny=0200000017\r\nf=v/2/5/25/1/4000a///\r\n"
)


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_a_message_as_platforms_write_it(charset: str) -> None:
    data = (MESSAGE + "Content-Length: 4\r\n\r\nbodyrest").encode(charset)
    message = sip.parse(data)
    assert (message.method, message.target) == ("MESSAGE", f"sip:{CAMERA}@3402000000")
    assert message.body == b"body"
    assert message.get("subject") == "one, two"
    assert message.call_id == "42@10.0.0.1"
    assert message.cseq == (20, "MESSAGE")
    assert message.content_type == "application/manscdp+xml"
    assert sip.uri(message.get("from")).user == SERVER
    assert "市平台" in message.get("from")
    assert sip.parse(message.encode()).headers == message.headers


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SIP/2.0\r\nv", "HTTP/1.1\r\nv"),
        ("CSeq: 20 MESSAGE", "CSeq: 20 INVITE"),
        ("i: 42@10.0.0.1\r\n", ""),
        ("CSeq: 20", "CSeq: x"),
        ("Subject", "Sub ject"),
        ("42@", "42\0@"),
        ("Subject: one", "Subject: " + "x" * 5000),
        ("Subject: one", "X: y\r\n" * 120 + "Subject: one"),
    ],
)
def test_what_is_no_message_is_refused(old: str, new: str) -> None:
    assert old in MESSAGE
    with pytest.raises(BadMessage):
        sip.parse((MESSAGE.replace(old, new, 1) + "\r\n").encode())


def test_a_body_that_was_cut_off_and_one_too_long() -> None:
    with pytest.raises(BadMessage):
        sip.parse((MESSAGE + "Content-Length: 400\r\n\r\nbody").encode())
    with pytest.raises(BadMessage):
        sip.parse((MESSAGE + "\r\n").encode() + bytes(70_000))


@given(st.data())
@settings(max_examples=60)
def test_a_stream_gives_the_same_messages_however_it_is_cut(data: st.DataObject) -> None:
    one = (MESSAGE + "Content-Length: 4\r\n\r\nbody").encode("gb18030")
    whole = b"\r\n\r\n" + one * 3
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    stream = sip.Stream()
    found: list[sip.Message] = []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += stream.feed(whole[start:end])
    assert [message.body for message in found] == [b"body"] * 3


@given(st.binary(max_size=400), st.integers(0, 500), st.integers(0, 60))
@settings(max_examples=300)
def test_damaged_messages_raise_nothing_else(noise: bytes, at: int, cut: int) -> None:
    good = (MESSAGE + "Content-Length: 4\r\n\r\nbody").encode("gb18030")
    bad = good[:at] + noise + good[at + cut :]
    for read in (sip.parse, lambda data: list(sip.Stream().feed(data))):
        try:
            read(bad)
        except BadMessage:
            continue
    try:
        message = sip.parse(bad)
    except BadMessage:
        return
    assert message.encode()
    assert message.transaction


# --- SDP ---------------------------------------------------------------------------------------


def test_an_offer_and_its_answer() -> None:
    offer = sdp.offer(INVITE.encode())
    assert (offer.session, offer.host, offer.port, offer.tcp) == ("Play", "10.0.0.1", 30000, False)
    assert (offer.ps, offer.stream, offer.ssrc) == (True, 1, "0200000017")
    answer = sdp.answer(offer, CAMERA, "10.0.0.9", 40000, offer.ssrc).decode()
    assert "m=video 40000 RTP/AVP 96\r\n" in answer
    assert "y=0200000017\r\n" in answer
    assert "a=sendonly" in answer
    tcp = INVITE.replace("RTP/AVP", "TCP/RTP/AVP").replace("a=rec", "a=setup:passive\r\na=rec")
    asked = sdp.offer(tcp.encode())
    assert (asked.tcp, asked.setup) == (True, "passive")
    assert "a=setup:active" in sdp.answer(asked, CAMERA, "10.0.0.9", 1, "1").decode()


@pytest.mark.parametrize(
    ("line", "ssrc"),
    [("y=0000000000", ""), ("y=9999999999", ""), ("y=17", "0000000017"), ("y=-1", ""), ("", "")],
)
def test_an_ssrc_is_ten_digits_or_ours_to_choose(line: str, ssrc: str) -> None:
    assert sdp.offer(INVITE.replace("y=0200000017", line).encode()).ssrc == ssrc


@given(st.integers(0, 300), st.binary(max_size=60), st.integers(0, 40))
@settings(max_examples=300)
def test_damaged_offers_raise_nothing_else(at: int, noise: bytes, cut: int) -> None:
    data = INVITE.encode()
    try:
        offer = sdp.offer(data[:at] + noise + data[at + cut :])
    except BadOffer:
        return
    assert 0 < offer.port < 65536
    assert len(offer.ssrc) in (0, 10)


# --- MANSCDP -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "charset"),
    [("GB2312", "gb18030"), ("GB18030", "gb18030"), ("UTF-8", "utf-8"), ("GB2312", "utf-8")],
)
def test_a_body_in_any_charset(declared: str, charset: str) -> None:
    body = manscdp.read(QUERY.format(declared).encode(charset))
    assert (body.root, body.command, body.sn) == ("Query", "Catalog", "17")
    if charset == "gb18030" or declared == "UTF-8":
        assert body.fields["Name"] == "河源县𠀀"


def test_an_entity_bomb_is_refused_at_once() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "' + "x" * 100 + '"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
    with pytest.raises(BadBody):
        manscdp.read((bomb + QUERY.format("UTF-8").split("?>", 1)[1]).encode())
    with pytest.raises(BadBody):
        manscdp.read(b"<Query>" + b"<a>" * 30_000)
    with pytest.raises(BadBody):
        manscdp.read(bytes(70_000))


@given(st.text(max_size=40), st.sampled_from(["2016", "2022"]))
def test_what_is_written_is_read(name: str, version: manscdp.Version) -> None:
    data = manscdp.write("Response", "DeviceInfo", 3, CAMERA, [("Name", name)], version)
    body = manscdp.read(data)
    legal = "".join(c if c >= " " and c not in "\ufffe\uffff" else " " for c in name)
    assert body.fields["Name"] == legal.strip()


@given(st.binary(max_size=200), st.integers(0, 220), st.integers(0, 40))
@settings(max_examples=300)
def test_damaged_bodies_raise_nothing_else(noise: bytes, at: int, cut: int) -> None:
    data = QUERY.format("GB2312").encode("gb18030")
    try:
        manscdp.read(data[:at] + noise + data[at + cut :])
    except BadBody:
        return


# --- digest, PTZ -------------------------------------------------------------------------------


def test_digest_answers_the_example_of_rfc_2617() -> None:
    asked = digest.challenge(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert asked is not None
    header = digest.authorization(
        asked, "Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b"
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in header
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in header
    assert digest.challenge('Basic realm="x"') is None
    assert digest.challenge('Digest realm="x", nonce="y", qop="auth-int"') is None


def test_ptz_commands() -> None:
    assert ptz.motion("A50F010800FF00BC") == (0.0, 1.0, 0.0)
    assert ptz.motion("A50F0102800000" + f"{(0xA5 + 0x0F + 1 + 2 + 0x80) % 256:02X}") == (
        -128 / 255, 0.0, 0.0,
    )  # fmt: skip
    assert ptz.motion("A50F0100000000B5") == (0.0, 0.0, 0.0)
    assert ptz.motion("A50F018200010038") is None  # a preset
    for bad in ("", "A50F0108", "A50F010800FF00BD", "zz"):
        with pytest.raises(ValueError, match="PTZCmd"):
            ptz.motion(bad)
