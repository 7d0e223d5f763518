"""An ONVIF camera with the faults that cameras in the field have: a small real HTTP server.

It speaks just enough SOAP, checks credentials for itself, and counts what it was asked.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl">'
    "<s:Body>{body}</s:Body></s:Envelope>"
)
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>"
    '<s:Value xmlns:ter="http://www.onvif.org/ver10/error">ter:{code}</s:Value>'
    '</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">{text}</s:Text></s:Reason></s:Fault>'
)
PROFILE = (
    '<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name>'
    '<tt:VideoSourceConfiguration token="vs"><tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount>'
    '<tt:SourceToken>{source}</tt:SourceToken><tt:Bounds x="0" y="0" width="1" height="1"/>'
    '</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="ve"><tt:Name>e</tt:Name>'
    "<tt:UseCount>1</tt:UseCount><tt:Encoding>{codec}</tt:Encoding><tt:Resolution>"
    "<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
    "<tt:Quality>4</tt:Quality></tt:VideoEncoderConfiguration></trt:Profiles>"
)
SECURITY = re.compile(
    r"<\w*:?Username>(?P<user>[^<]*)<.*?Password[^>]*>(?P<digest>[^<]*)<.*?"
    r"Nonce[^>]*>(?P<nonce>[^<]*)<.*?Created[^>]*>(?P<created>[^<]*)<",
    re.S,
)


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, address: Any) -> None:
        """Whoever asked has gone; that is what is tested."""


class OddCamera:
    """Its behaviour is its attributes; a test changes them."""

    def __init__(self, user: str = "admin", password: str = "p@:/#x") -> None:
        self.user, self.password = user, password
        self.takes: tuple[str, ...] = ("token",)  # "token", "digest"
        self.clock_off = timedelta()
        self.announces = ""  # host:port in its addresses; "" its own
        self.stream = "rtsp://{host}/sub"
        self.snapshot: str | None = "http://{host}/snap.jpg"
        self.maker = b"Maker"
        self.serial = "S-1"
        self.profiles = [("main", "v0", "H264", 1920, 1080), ("sub", "v0", "H264", 640, 360)]
        self.knows_stop = True
        self.raw: dict[str, bytes] = {}  # operation -> the whole answer
        self.status: dict[str, int] = {}
        self.silent = False  # accepts, never answers
        self.drip = False  # a byte now and then
        self.asked: list[str] = []
        self.tried = 0  # times credentials were offered
        self.wrong = 0  # times they were wrong
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                camera._serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._ending = threading.Event()
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/onvif/device_service"

    def close(self) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- answering -----------------------------------------------------------------------------

    def _serve(self, request: Any) -> None:
        text = request.rfile.read(int(request.headers.get("Content-Length", 0))).decode()
        found = re.search(r"Body>\s*<(?:\w+:)?(\w+)", text)
        operation = found[1] if found else ""
        self.asked.append(operation)
        if self.silent:
            self._ending.wait(30)
            request.close_connection = True
            return
        if operation != "GetSystemDateAndTime" and not self._let_in(request, text):
            return
        body = self.raw.get(operation)
        if body is None:
            answer, status = self._answer(operation, text)
            body = ENVELOPE.replace("{body}", answer).encode().replace(b"@MAKER@", self.maker)
        else:
            status = 200
        self._send(request, self.status.get(operation, status), body)

    def _send(self, request: Any, status: int, body: bytes, **headers: str) -> None:
        request.send_response(status)
        request.send_header("Content-Type", "application/soap+xml")
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        if not self.drip:
            request.wfile.write(body)
            return
        for at in range(len(body)):
            if self._ending.wait(0.05):
                break
            request.wfile.write(body[at : at + 1])
            request.wfile.flush()

    def _let_in(self, request: Any, text: str) -> bool:
        if not self.user:
            return True
        if "token" in self.takes:
            found = SECURITY.search(text)
            if found is not None:
                self.tried += 1
                if self._token_is_right(found):
                    return True
                self.wrong += 1
            if "digest" not in self.takes:
                body = ENVELOPE.replace(
                    "{body}", FAULT.format(code="NotAuthorized", text="Sender not Authorized")
                )
                self._send(request, 400, body.encode())
                return False
        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Digest"):
            self.tried += 1
            if self._digest_is_right(authorization, request):
                return True
            self.wrong += 1
        challenge = 'Digest realm="cam", nonce="abc", qop="auth", algorithm=MD5'
        self._send(request, 401, b"", WWW_Authenticate=challenge)
        return False

    def _token_is_right(self, found: re.Match[str]) -> bool:
        created = datetime.fromisoformat(found["created"].replace("Z", "+00:00"))
        if created.tzinfo is None:
            created = created.replace(tzinfo=UTC)
        now = datetime.now(UTC) + self.clock_off
        if abs(created - now) > timedelta(seconds=5):
            return False
        nonce = base64.b64decode(found["nonce"])
        mixed = nonce + found["created"].encode() + self.password.encode()
        expected = base64.b64encode(hashlib.sha1(mixed).digest()).decode()
        return found["user"] == self.user and found["digest"] == expected

    def _digest_is_right(self, header: str, request: Any) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', header))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        first = md5(f"{self.user}:cam:{self.password}")
        second = md5(f"POST:{said.get('uri')}")
        parts = (first, "abc", said.get("nc"), said.get("cnonce"), "auth", second)
        return said.get("response") == md5(":".join(str(part) for part in parts))

    def _answer(self, operation: str, text: str) -> tuple[str, int]:
        host = self.announces or f"127.0.0.1:{self.port}"
        match operation:
            case "GetSystemDateAndTime":
                now = datetime.now(UTC) + self.clock_off
                return (
                    "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
                    "<tt:DateTimeType>Manual</tt:DateTimeType>"
                    "<tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime>"
                    f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
                    f"<tt:Second>{now.second}</tt:Second></tt:Time>"
                    f"<tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month>"
                    f"<tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime>"
                    "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
                ), 200
            case "GetCapabilities":
                parts = "".join(
                    f"<tt:{name}><tt:XAddr>http://{host}/onvif/{name}</tt:XAddr>{more}</tt:{name}>"
                    for name, more in (("Media", "<tt:StreamingCapabilities/>"), ("PTZ", ""))
                )
                return (
                    f"<tds:GetCapabilitiesResponse><tds:Capabilities>{parts}</tds:Capabilities>"
                    "</tds:GetCapabilitiesResponse>"
                ), 200
            case "GetDeviceInformation":
                return (
                    "<tds:GetDeviceInformationResponse><tds:Manufacturer>@MAKER@"
                    "</tds:Manufacturer><tds:Model>M</tds:Model><tds:FirmwareVersion>1"
                    f"</tds:FirmwareVersion><tds:SerialNumber>{self.serial}</tds:SerialNumber>"
                    "<tds:HardwareId>h</tds:HardwareId></tds:GetDeviceInformationResponse>"
                ), 200
            case "GetProfiles":
                entries = "".join(
                    PROFILE.format(token=t, source=s, codec=c, width=w, height=h)
                    for t, s, c, w, h in self.profiles
                )
                return f"<trt:GetProfilesResponse>{entries}</trt:GetProfilesResponse>", 200
            case "GetStreamUri" | "GetSnapshotUri" as name:
                uri = self.stream if name == "GetStreamUri" else self.snapshot
                if uri is None:
                    return FAULT.format(code="ActionNotSupported", text="no"), 500
                return (
                    f"<trt:{name}Response><trt:MediaUri><tt:Uri>{uri.format(host=host)}</tt:Uri>"
                    "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
                    "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
                    f"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{name}Response>"
                ), 200
            case "ContinuousMove":
                still = re.search(r'PanTilt[^>]*x="0\.0"', text) is not None
                self.asked[-1] = "ContinuousMove 0" if still else "ContinuousMove"
                return "<tptz:ContinuousMoveResponse/>", 200
            case "Stop" if not self.knows_stop:
                return FAULT.format(code="ActionNotSupported", text="no Stop"), 500
            case "Stop":
                return "<tptz:StopResponse/>", 200
        return FAULT.format(code="ActionNotSupported", text=operation), 500


class SilentPort:
    """A port that accepts connections and never says anything; or says garbage."""

    def __init__(self, says: bytes = b"") -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._says = says
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(peer)
            if self._says:
                time.sleep(0.02)
                peer.sendall(self._says)
                peer.close()

    def close(self) -> None:
        self._socket.close()
        for peer in self._held:
            peer.close()
