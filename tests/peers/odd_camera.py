"""An ONVIF camera with the faults that cameras in the field have: a small real HTTP server.

It speaks just enough SOAP, checks credentials for itself, and counts what it was asked.
"""

from __future__ import annotations

import base64
import contextlib
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
    ' xmlns:tr2="http://www.onvif.org/ver20/media/wsdl"'
    ' xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"'
    ' xmlns:tev="http://www.onvif.org/ver10/events/wsdl"'
    ' xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"'
    ' xmlns:wsa="http://www.w3.org/2005/08/addressing">'
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
    '</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="ve-{token}">'
    "<tt:Name>e</tt:Name>"
    "<tt:UseCount>1</tt:UseCount><tt:Encoding>{codec}</tt:Encoding><tt:Resolution>"
    "<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
    "<tt:Quality>4</tt:Quality></tt:VideoEncoderConfiguration></trt:Profiles>"
)
SECOND = (
    '<tr2:Profiles token="{token}" fixed="true"><tr2:Name>{token}</tr2:Name><tr2:Configurations>'
    '<tr2:VideoSource token="vs"><tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:SourceToken>{source}</tt:SourceToken></tr2:VideoSource>"
    '<tr2:VideoEncoder token="ve-{token}" GovLength="50" Profile="Main"><tt:Name>e</tt:Name>'
    "<tt:UseCount>1</tt:UseCount><tt:Encoding>{codec}</tt:Encoding><tt:Resolution>"
    "<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
    '<tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>25</tt:FrameRateLimit>'
    "<tt:BitrateLimit>500</tt:BitrateLimit></tt:RateControl></tr2:VideoEncoder>"
    "</tr2:Configurations></tr2:Profiles>"
)
NOTICE = (
    "<wsnt:NotificationMessage><wsnt:Topic>{topic}</wsnt:Topic><wsnt:Message>"
    '<tt:Message UtcTime="2026-01-01T00:00:00Z" PropertyOperation="Changed"><tt:Source>'
    '<tt:SimpleItem Name="Source" Value="{source}"/></tt:Source><tt:Data>'
    '<tt:SimpleItem Name="State" Value="{state}"/></tt:Data></tt:Message></wsnt:Message>'
    "</wsnt:NotificationMessage>"
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
        self.second: list[tuple[str, str, str, int, int]] = []  # profiles of Media 2, if it has it
        self.only_second = False  # no Media 1, and its services are told in the new way only
        self.keeps_codec = False
        self.knows_stop = True
        self.raw: dict[str, bytes] = {}  # operation -> the whole answer
        self.status: dict[str, int] = {}
        self.silent = False  # accepts, never answers
        self.drip = False  # a byte now and then
        self.gate = threading.Event()  # while it is not set, every answer waits
        self.gate.set()
        self.life_s = 60  # of its subscriptions
        self.subscriptions: set[str] = set()  # that it has now
        self.most = 0  # it had at once
        self.notices: list[str] = []  # that wait to be pulled
        self.flood = 0  # notices in each answer, for ever
        self._news = threading.Condition()
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
        self.gate.set()
        self.forget()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def notice(self, topic: str, state: bool, source: str = "v0") -> None:
        """Something happens to it."""
        with self._news:
            state_ = str(state).lower()
            self.notices.append(NOTICE.format(topic=topic, state=state_, source=source))
            self._news.notify_all()

    def forget(self) -> None:
        """Its subscriptions, as in a reboot."""
        with self._news:
            self.subscriptions.clear()
            self._news.notify_all()

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
        self.gate.wait(30)
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
        if self.only_second and ("<trt:" in text or operation == "GetCapabilities"):
            return FAULT.format(code="ActionNotSupported", text=operation), 500
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
                    for name, more in (
                        ("Media", "<tt:StreamingCapabilities/>"), ("PTZ", ""),
                        ("Events", "<tt:WSPullPointSupport>false</tt:WSPullPointSupport>"),
                    )
                )  # fmt: skip
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
            case "GetProfiles" if "tr2:GetProfiles" in text:
                entries = "".join(
                    SECOND.format(token=t, source=s, codec=c, width=w, height=h)
                    for t, s, c, w, h in self.second
                )
                return f"<tr2:GetProfilesResponse>{entries}</tr2:GetProfilesResponse>", 200
            case "GetProfiles":
                entries = "".join(
                    PROFILE.format(token=t, source=s, codec=c, width=w, height=h)
                    for t, s, c, w, h in self.profiles
                )
                return f"<trt:GetProfilesResponse>{entries}</trt:GetProfilesResponse>", 200
            case "GetStreamUri" | "GetSnapshotUri" as name:
                uri = self.stream if name == "GetStreamUri" else self.snapshot
                asked = re.search(r"ProfileToken>([^<]*)<", text)
                profile = asked[1] if asked else ""  # one for each channel of a recorder
                if uri is None:
                    return FAULT.format(code="ActionNotSupported", text="no"), 500
                if f"<tr2:{name}" in text:
                    uri = uri.format(host=host, profile=profile)
                    return f"<tr2:{name}Response><tr2:Uri>{uri}</tr2:Uri></tr2:{name}Response>", 200
                return (
                    f"<trt:{name}Response><trt:MediaUri>"
                    f"<tt:Uri>{uri.format(host=host, profile=profile)}</tt:Uri>"
                    "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
                    "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
                    f"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{name}Response>"
                ), 200
            case "ContinuousMove":
                still = re.search(r'PanTilt[^>]*x="0\.0"', text) is not None
                self.asked[-1] = "ContinuousMove 0" if still else "ContinuousMove"
                return "<tptz:ContinuousMoveResponse/>", 200
            case "GetServices" if self.second:
                services = "".join(
                    f"<tds:Service><tds:Namespace>http://www.onvif.org/{name}/wsdl</tds:Namespace>"
                    f"<tds:XAddr>http://{host}/onvif/{name}</tds:XAddr></tds:Service>"
                    for name in ("ver20/media", "ver20/ptz", "ver10/events")
                )
                return f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>", 200
            case "SetVideoEncoderConfiguration" if not self.keeps_codec:
                self._encodes(text)
                return "<tr2:SetVideoEncoderConfigurationResponse/>", 200
            case "CreatePullPointSubscription":
                return self._subscribed(host), 200
            case "PullMessages" | "Renew" | "Unsubscribe":
                return self._of_subscription(operation, text)
            case "SetSynchronizationPoint":
                return "<trt:SetSynchronizationPointResponse/>", 200
            case "Stop" if not self.knows_stop:
                return FAULT.format(code="ActionNotSupported", text="no Stop"), 500
            case "Stop":
                return "<tptz:StopResponse/>", 200
        return FAULT.format(code="ActionNotSupported", text=operation), 500

    def _encodes(self, text: str) -> None:
        """It is set to another codec: of Media 1 with all that this service wants."""
        codec, token = re.search(r"Encoding>(\w+)<", text), re.search(r' token="ve-(\w+)"', text)
        assert codec
        assert token
        assert "tr2:Set" in text or re.search(r"GovLength>\d+<.*H264Profile>Main<", text)
        for kept in (self.profiles, self.second):
            kept[:] = [
                (t, s, codec[1] if t == token[1] else c, w, h) for t, s, c, w, h in kept
            ]  # fmt: skip

    # --- events --------------------------------------------------------------------------------

    def _subscribed(self, host: str) -> str:
        with self._news:
            name = f"s{len(self.asked)}"
            self.subscriptions.add(name)
            self.most = max(self.most, len(self.subscriptions))
        return (
            "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>"
            f"<wsa:Address>http://{host}/onvif/subscription</wsa:Address><wsa:ReferenceParameters>"
            f'<x:Id xmlns:x="urn:maker">{name}</x:Id></wsa:ReferenceParameters>'
            f"</tev:SubscriptionReference>{self._times('wsnt')}"
            "</tev:CreatePullPointSubscriptionResponse>"
        )

    def _times(self, prefix: str) -> str:
        now = datetime.now(UTC) + self.clock_off
        ends = now + timedelta(seconds=self.life_s)
        return (
            f"<{prefix}:CurrentTime>{now:%Y-%m-%dT%H:%M:%SZ}</{prefix}:CurrentTime>"
            f"<{prefix}:TerminationTime>{ends:%Y-%m-%dT%H:%M:%SZ}</{prefix}:TerminationTime>"
        )

    def _of_subscription(self, operation: str, text: str) -> tuple[str, int]:
        found = re.search(r"Id[^>]*>(s\d+)<", text)  # it wants its parameter back
        name = found[1] if found else ""
        with self._news:
            if operation == "PullMessages" and not self.flood:
                wait = re.search(r"PT(\d+)S", text)
                self._news.wait_for(
                    lambda: self.notices or name not in self.subscriptions,
                    float(wait[1]) if wait else 0,
                )
            if name not in self.subscriptions:
                return FAULT.format(code="InvalidArgVal", text="no such subscription"), 400
            if operation == "Unsubscribe":
                self.subscriptions.remove(name)
                self._news.notify_all()
                return "<wsnt:UnsubscribeResponse/>", 200
            if operation == "Renew":
                return f"<wsnt:RenewResponse>{self._times('wsnt')}</wsnt:RenewResponse>", 200
            told, self.notices = self.notices, []
        told += [NOTICE.format(topic="tns1:VideoSource/MotionAlarm", state="true", source="v0")] * (
            self.flood
        )
        return (
            f"<tev:PullMessagesResponse>{self._times('tev')}{''.join(told)}"
            "</tev:PullMessagesResponse>"
        ), 200


HELD_MAX = 16  # connections of a silent port: whoever made earlier ones has given up


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
            if len(self._held) > HELD_MAX:
                self._held.pop(0).close()
            if self._says:
                time.sleep(0.02)
                with contextlib.suppress(OSError):  # it has hung up, or this is closed
                    peer.sendall(self._says)
                peer.close()

    def close(self) -> None:
        self._socket.close()
        for peer in self._held:
            peer.close()
