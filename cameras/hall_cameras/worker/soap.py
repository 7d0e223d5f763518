"""SOAP to cameras: every wait bounded, every answer bounded, failures by name.

The WSDL files that onvif-zeep ships are parsed once and shared by all cameras: parsing them again
for each costs 0.2 s and 10 MB. onvif-zeep's own client is not used: it leaks a subscription on
the camera each time it is made, and changes the process's environment.
"""

from __future__ import annotations

import contextlib
import copy
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import onvif.definition
import requests
from lxml import etree
from requests.auth import HTTPDigestAuth
from zeep import Client, Settings, Transport
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault, TransportError, XMLSyntaxError
from zeep.wsdl import Document
from zeep.wsse.username import UsernameToken

from hall_cameras import addresses
from hall_cameras.worker.trouble import CameraTrouble

CALL_S = 5.0  # to connect, and between two pieces of an answer
BUDGET_S = 15.0  # for one errand's calls together: a peer may send a byte every now and then
ANSWER_MAX = 1 << 20  # bytes
WSDL = Path(onvif.definition.__file__).parent.parent / "wsdl"

_settings = Settings(strict=False, xml_huge_tree=False)
_documents: dict[str, Document] = {}
_parsing = threading.Lock()


def _document(file: str) -> Document:
    with _parsing:
        document = _documents.get(file)
        if document is None:
            if not (WSDL / file).is_file():  # `pip --target` loses them
                raise CameraTrouble("bad_answer", f"onvif-zeep's {file} is missing in {WSDL}")
            transport = Transport(timeout=CALL_S, operation_timeout=CALL_S)
            document = Document(str(WSDL / file), transport, settings=_settings)
            _documents[file] = document
        return document


class _Bounded(Transport):  # type: ignore[misc]  # zeep has no types
    """One camera's connection, for one errand."""

    def __init__(self, session: requests.Session) -> None:
        super().__init__(session=session, timeout=CALL_S, operation_timeout=CALL_S)
        self.allow(BUDGET_S, CALL_S)

    def allow(self, seconds: float, call_s: float) -> None:
        self._ends = time.monotonic() + seconds
        self._call_s = call_s

    def post(self, address: str, message: Any, headers: Any) -> requests.Response:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise requests.Timeout("the errand took too long")
        response = self.session.post(
            address, data=message, headers=headers, timeout=min(self._call_s, left), stream=True,
            allow_redirects=False,
        )  # fmt: skip
        with contextlib.closing(response):
            pieces, size = [], 0
            # `read1` gives what has come; reading so many bytes would wait for all of them.
            while piece := response.raw.read1(16 * 1024, decode_content=True):
                size += len(piece)
                if size > ANSWER_MAX:
                    raise CameraTrouble("bad_answer", "the answer is too long")
                if time.monotonic() > self._ends:
                    raise requests.Timeout("the answer took too long")
                pieces.append(piece)
        response._content = _readable(b"".join(pieces))
        return response


def _readable(content: bytes) -> bytes:
    """XML that a parser takes. Firmware sends bytes that are no UTF-8, control characters, and
    prefixes that it never declared."""
    text = content.decode(errors="replace")
    kept = "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32).strip()
    missing = set(_PREFIX.findall(kept)) - set(_DECLARED.findall(kept)) - {"xml"}
    if missing:
        names = (f' xmlns:{p}="{_NAMESPACES.get(p, "urn:" + p)}"' for p in sorted(missing))
        kept = _ROOT.sub(rf"\1{''.join(names)}", kept, count=1)
    return kept.encode()


_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]*):")
_DECLARED = re.compile(r"xmlns:([A-Za-z_][\w.-]*)\s*=")
_ROOT = re.compile(r"(<(?![?!/])[^\s/>]+)")
_NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "env": "http://www.w3.org/2003/05/soap-envelope",
    "SOAP-ENV": "http://www.w3.org/2003/05/soap-envelope",
    "soap": "http://www.w3.org/2003/05/soap-envelope",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "ter": "http://www.onvif.org/ver10/error",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
}


class _CameraToken(UsernameToken):  # type: ignore[misc]
    """A WS-Security token that is signed with the camera's time."""

    def __init__(self, username: str, password: str, ahead: timedelta) -> None:
        super().__init__(username, password, use_digest=True)
        self._ahead = ahead

    def apply(self, envelope: Any, headers: Any) -> Any:
        # zeep writes `created` as it is and calls it UTC.
        self.created = (datetime.now(UTC) + self._ahead).replace(tzinfo=None, microsecond=0)
        return super().apply(envelope, headers)


_ways: dict[str, str] = {}  # address -> "token" or "digest": what it took last


class Soap:
    """One camera, for one errand. `address` is its device service, where we reach it."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.address = address
        self.ahead = timedelta()  # of the camera's clock
        self.xaddrs: dict[str, str] = {}
        self._username, self._password = username, password
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies, no .netrc
        self._session.verify = False  # cameras sign their own certificates
        self._transport = _Bounded(self._session)

    def close(self) -> None:
        self._session.close()

    def anonymous(self, service: str, operation: str, **arguments: Any) -> Any:
        """A call without credentials. Raises CameraTrouble."""
        with named():
            return self._service(service, None)[operation](**arguments)

    def call(self, service: str, operation: str, **arguments: Any) -> Any:
        """A call with credentials, in the way that this camera takes them. Raises CameraTrouble."""

        def asked(way: str | None) -> Any:
            with named():
                return self._service(service, way)[operation](**arguments)

        return self._in_its_way(asked)

    def allow(self, seconds: float, call_s: float) -> None:
        """The calls from now on may take so long together, and each part of an answer `call_s`:
        for a connection that is kept, or that waits for something to happen."""
        self._transport.allow(seconds, call_s)

    def raw(self, url: str, body: str, action: str = "", headers: Iterable[Any] = ()) -> Any:
        """The same without a WSDL: for what onvif-zeep has none of, and answers that only few
        words of matter in.

        Args:
            url: of the service, as the camera announced it.
            body: XML with the prefixes of `_NAMESPACES`.
            action, headers: WS-Addressing's, where the service has it.

        Returns:
            lxml's element of the answer's body.

        Raises:
            CameraTrouble: the call failed.
        """
        where = addresses.reached(url, self.address)

        def asked(way: str | None) -> Any:
            envelope = _envelope(where, action, body, headers)
            self._session.auth = self._digest(way)
            if way == "token":
                envelope, _ = self._token().apply(envelope, {})
            kind = f'; action="{action}"' if action else ""
            sent = {"Content-Type": f"application/soap+xml; charset=utf-8{kind}"}
            with named():
                answer = self._transport.post(where, etree.tostring(envelope), sent)
                return _body(answer.content, answer.status_code)

        return self._in_its_way(asked)

    def _in_its_way(self, asked: Callable[[str | None], Any]) -> Any:
        if not self._username:
            return asked(None)
        # The way that it took last first; a new firmware, or another camera, may know the other.
        ways = ("digest", "token") if _ways.get(self.address) == "digest" else ("token", "digest")
        for way in ways:
            try:
                result = asked(way)
            except CameraTrouble as trouble:
                if trouble.why != "bad_password" or way != ways[-1]:
                    if trouble.why == "bad_password":
                        continue
                    raise
                _ways.pop(self.address, None)
                raise
            _ways[self.address] = way
            return result
        raise AssertionError("the last way returns or raises")

    def _service(self, name: str, way: str | None) -> Any:
        definition = onvif.definition.SERVICES[name]
        url = self.address
        if name != "devicemgmt":
            announced = self.xaddrs.get(name)
            if announced is None:
                raise CameraTrouble("not_supported", name)
            # A camera behind NAT announces an address that only it can see.
            url = addresses.reached(announced, self.address)
        token = self._token() if way == "token" else None
        self._session.auth = self._digest(way)
        document = _document(definition["wsdl"])
        client = Client(document, wsse=token, transport=self._transport, settings=_settings)
        binding = f"{{{definition['ns']}}}{definition['binding']}"
        return client.create_service(binding, url)

    def _token(self) -> _CameraToken:
        return _CameraToken(self._username, self._password, self.ahead)

    def _digest(self, way: str | None) -> HTTPDigestAuth | None:
        return HTTPDigestAuth(self._username, self._password) if way == "digest" else None


def _envelope(to: str, action: str, body: str, headers: Iterable[Any]) -> Any:
    names = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _NAMESPACES.items())
    envelope = etree.fromstring(
        f"<s:Envelope {names}><s:Header/><s:Body>{body}</s:Body></s:Envelope>"
    )
    if action:
        for name, text in (("Action", action), ("To", to)):
            etree.SubElement(envelope[0], f"{{{_NAMESPACES['wsa']}}}{name}").text = text
    envelope[0].extend(copy.deepcopy(element) for element in headers)
    return envelope


def _body(content: bytes, status: int) -> Any:
    """The body of an answer.

    Raises:
        CameraTrouble: it says that something went wrong, or is no answer.
    """
    if status == 401:
        raise CameraTrouble("bad_password")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(content, parser) if content else None
    bodies = [] if root is None else root.xpath("//*[local-name()='Body']")
    if not bodies:
        raise CameraTrouble(_of_status(status), "no answer")
    faults = bodies[0].xpath(".//*[local-name()='Fault']")
    if faults:
        words = " ".join(" ".join(faults[0].itertext()).split())
        raise CameraTrouble(_of_words(words), words[:200])
    return bodies[0]


@contextlib.contextmanager
def named() -> Iterator[None]:
    """Give every failure of a call its name.

    Raises:
        CameraTrouble: the call failed.
    """
    try:
        yield
    except CameraTrouble:
        raise
    except Fault as fault:
        raise CameraTrouble(_of_fault(fault), str(fault.message)[:200]) from None
    except TransportError as error:
        raise CameraTrouble(_of_status(error.status_code), f"HTTP {error.status_code}") from None
    except requests.Timeout:
        raise CameraTrouble("timeout") from None
    except requests.ConnectionError as error:
        raise CameraTrouble(_of_connection(error)) from None
    except requests.RequestException as error:
        raise CameraTrouble("bad_address", type(error).__name__) from None
    except (ZeepError, XMLSyntaxError, etree.Error) as error:
        raise CameraTrouble("bad_answer", type(error).__name__) from None
    except (TypeError, ValueError, AttributeError, KeyError, LookupError) as error:
        # The answer parsed, and lacks what it must have.
        raise CameraTrouble("bad_answer", f"{type(error).__name__}: {error}"[:200]) from None


def _of_fault(fault: Fault) -> str:
    codes = [str(code) for code in (fault.subcodes or ())] + [str(fault.code)]
    return _of_words(f"{' '.join(codes)} {fault.message}")


def _of_words(text: str) -> str:
    text = text.lower()
    if re.search(r"\block(ed|out)?\b", text):
        return "locked"
    if "notauthorized" in text or "not authorized" in text or "unauthorized" in text:
        return "bad_password"
    if "failedauthentication" in text or "authentication" in text:
        return "bad_password"
    if "notsupported" in text or "not supported" in text or "actionnotsupported" in text:
        return "not_supported"
    return "bad_answer"


def _of_status(status: int) -> str:
    if status in (401, 403):
        return "bad_password"
    if status in (404, 405):
        return "not_found"
    return "bad_answer"


def _of_connection(error: requests.ConnectionError) -> str:
    text = repr(error)
    if "refused" in text:
        return "refused_connection"
    if "imeout" in text:
        return "timeout"
    if "BadStatusLine" in text or "RemoteDisconnected" in text or "reset" in text.lower():
        return "bad_answer"
    return "no_route"
