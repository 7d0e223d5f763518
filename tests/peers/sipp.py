"""Debian's sip-tester (`sipp`) as an upper platform: as the registrar, and as who calls."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path
from typing import Self

SERVER_ID = "34020000002000000001"
DEVICE_ID = "34020000002000000199"
DOMAIN = "3402000000"
PASSWORD = "12345678a"

_COPIED = """
      [last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]
      [last_Call-ID:]
      [last_CSeq:]"""


_ACK = "<!-- ACK -->"
_WATCHES = '<recv request="INFO"/>'


def _answer(status: str, *lines: str, attributes: str = "") -> str:
    more = "".join(f"\n      {line}" for line in lines)
    return (
        f"<send {attributes}><![CDATA[\n      SIP/2.0 {status}{_COPIED}{more}"
        "\n      Content-Length: 0\n\n    ]]></send>"
    )


def registrar_scenario(qop: bool) -> str:
    """A registrar that challenges, verifies, and answers keepalives and catalogues."""
    challenge = f'WWW-Authenticate: Digest realm="{DOMAIN}", nonce="47364c23432d2e131a5fb210812c"'
    challenge += ', qop="auth", algorithm=MD5' if qop else ", algorithm=MD5"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="registrar">
  <recv request="REGISTER" optional="true" next="1"/>
  <recv request="MESSAGE"/>
  {_answer("200 OK", attributes='next="9"')}
  <label id="1"/>
  {_answer("401 Unauthorized", challenge)}
  <recv request="REGISTER">
    <action><verifyauth assign_to="good" username="{DEVICE_ID}" password="{PASSWORD}"/></action>
  </recv>
  <nop next="2" test="good"/>
  {_answer("403 Forbidden", attributes='next="9"')}
  <label id="2"/>
  {_answer("200 OK", "Expires: 3600", "Date: 2026-11-22T17:00:00.000")}
  <label id="9"/>
</scenario>
"""


def _request(method: str, target: str, body: str, kind: str, more: str = "") -> str:
    return f"""<send retrans="500"><![CDATA[
{method} sip:{target}@{DOMAIN} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]
From: <sip:{SERVER_ID}@{DOMAIN}>;tag=[call_number]
To: <sip:{target}@{DOMAIN}>
Call-ID: [call_id]
CSeq: 1 {method}
Contact: <sip:{SERVER_ID}@[local_ip]:[local_port]>
Max-Forwards: 70
{more}Content-Type: {kind}
Content-Length: [len]

{body}]]></send>"""


def message_scenario(body: str, status: int = 200) -> str:
    """One MESSAGE, and the status that it must be answered with."""
    request = _request("MESSAGE", DEVICE_ID, body, "Application/MANSCDP+xml")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="message">{request}<recv response="{status}"/></scenario>
"""


def query(command: str, device: str, sn: int = 17) -> str:
    return (
        f'<?xml version="1.0" encoding="GB2312"?>\n<Query>\n<CmdType>{command}</CmdType>\n'
        f"<SN>{sn}</SN>\n<DeviceID>{device}</DeviceID>\n</Query>\n"
    )


def invite_scenario(channel: str, media_port: int, transport: str = "", more: str = "") -> str:
    """Watch a camera until `hang_up`. `transport`: "" UDP, "passive" or "active" TCP, theirs."""
    tcp = f"a=setup:{transport}\na=connection:new\n" if transport else ""
    profile = "TCP/RTP/AVP" if transport else "RTP/AVP"
    sdp = (
        f"v=0\no={SERVER_ID} 0 0 IN IP4 127.0.0.1\ns=Play\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {media_port} {profile} 96\na=recvonly\na=rtpmap:96 PS/90000\n{tcp}{more}"
        "y=0200000017\n"
    )
    subject = f"Subject: {channel}:0200000017,{SERVER_ID}:0\n"
    invite = _request("INVITE", channel, sdp, "APPLICATION/SDP", subject)

    def within(method: str, number: int, attributes: str = "") -> str:
        return f"""<send {attributes}><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]
From: <sip:{SERVER_ID}@{DOMAIN}>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: {number} {method}
Max-Forwards: 70
Content-Length: 0

]]></send>"""

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="invite">
{invite}
<recv response="100" optional="true"/>
<recv response="200" rrs="true"/>
{_ACK}{within("ACK", 1)}
{_WATCHES}
{within("BYE", 2, 'retrans="500"')}
<recv response="200"/>
</scenario>
"""


def watched_scenario(channel: str, media_port: int) -> str:
    """Watch a camera's sub stream until the other side hangs up."""
    whole = invite_scenario(channel, media_port, more="a=streamnumber:1\n")
    return f"""{whole[: whole.index(_WATCHES)]}<recv request="BYE"/>
{_answer("200 OK")}
</scenario>
"""


def refused_invite_scenario(channel: str, status: int) -> str:
    """An INVITE that must be refused."""
    whole = invite_scenario(channel, 9)
    invite = whole[whole.index("<send") : whole.index("</send>") + len("</send>")]
    start, end = whole.index(_ACK), whole.index(_WATCHES)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="refused">
{invite}
<recv response="100" optional="true"/>
<recv response="{status}"/>
{whole[start:end].replace("[next_url]", f"sip:{channel}@{DOMAIN}")}
</scenario>
"""


def free_port() -> int:
    """Free for UDP and TCP."""
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        return port


class Sipp:
    """One run of `sipp`. `messages` is what it received and sent, as text."""

    def __init__(
        self,
        folder: Path,
        scenario: str,
        port: int,
        to: str = "",
        calls: int = 0,
        tcp: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{len(list(folder.iterdir()))}"
        path = folder / f"{name}.xml"
        path.write_text(scenario)
        self._log = folder / f"{name}.log"
        self._port, self._tcp = port, tcp
        command = ["sipp", "-sf", str(path), "-i", "127.0.0.1", "-p", str(port)]
        command += ["-t", "t1" if tcp else "u1", "-nostdin", "-deadcall_wait", "0"]
        command += ["-trace_msg", "-message_file", str(self._log), "-message_overwrite", "false"]
        if calls:
            command += ["-m", str(calls)]
        if to:
            command.append(to)
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
        )

    @property
    def messages(self) -> str:
        if not self._log.exists():
            return ""
        return self._log.read_bytes().decode("gb18030", "replace")

    def received(self, pattern: str) -> list[str]:
        """What a pattern finds in messages that came to it."""
        parts = re.split(r"^-{10,} .*$", self.messages, flags=re.MULTILINE)
        came = [part for part in parts if "message received" in part]
        return [match for part in came for match in re.findall(pattern, part)]

    def hang_up(self) -> None:
        """Have it end what it watches: an INFO in its call is the sign."""
        call = re.findall(r"Call-ID: (\S+)", self.messages)[-1]
        sign = (
            f"INFO sip:{SERVER_ID}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/{'TCP' if self._tcp else 'UDP'} 127.0.0.1;branch=z9hG4bKsign\r\n"
            f"From: <sip:sign@127.0.0.1>;tag=1\r\nTo: <sip:{SERVER_ID}@{DOMAIN}>\r\n"
            f"Call-ID: {call}\r\nCSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n"
        )
        kind = socket.SOCK_STREAM if self._tcp else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as line:
            line.connect(("127.0.0.1", self._port))
            line.sendall(sign.encode())

    @property
    def status(self) -> int | None:
        """Its exit code: 0 when everything came as in the scenario; None while it runs."""
        return self._process.poll()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
