"""People over HTTP: signing in and out, and their accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from aiohttp import web

from hall_core import credentials
from hall_core.answers import SignedIn, UserView
from hall_core.clock import from_millis, millis
from hall_core.credentials import PASSWORD_MIN, User, UserRole
from hall_core.errors import Conflict, Forbidden, NotFound, Unauthorized, invalid
from hall_core.http import SESSION_COOKIE, Call, Route, check_origin
from hall_core.once import Change, Write, alone

_encoder = msgspec.json.Encoder()


# --- sessions ----------------------------------------------------------------------------------


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    password: str


async def sign_in(call: Call) -> web.Response:
    body: SignIn = call.body
    check_origin(call.request)
    try:
        user, token = await call.kernel.access.sign_in(body.name, body.password, call.address)
    except Unauthorized:  # who is locked out and goes on trying leaves no further entries
        await call.kernel.audit("anonymous", "sign_in_failed", body.name[:80], call.address, None)
        raise
    await call.kernel.audit(f"user:{user.name}", "sign_in", user.name, call.address, None)
    answer: SignedIn = {"name": user.name, "roles": user.roles}
    response = web.Response(body=_encoder.encode(answer), content_type="application/json")
    response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="Strict")
    return response


async def sign_out(call: Call) -> web.Response:
    check_origin(call.request)
    token = call.request.cookies.get(SESSION_COOKIE)
    if token:
        await call.kernel.access.sign_out(token)
    response = web.Response(status=204)
    response.del_cookie(SESSION_COOKIE)
    return response


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    old: str
    new: str


async def change_password(call: Call) -> web.Response:
    """Whoever is signed in changes their own; without a key, as signing in: what a retry would
    need to know is stored nowhere."""
    body: NewPassword = call.body
    if call.principal.kind != "user":  # a token has no password
        raise Forbidden("wrong_role", "只有登录的人员才能修改自己的密码。")
    check_password(body.new, "new")
    if body.new == body.old:
        raise invalid(
            "new",
            "新密码不能与原密码相同。",
            "The new password must differ from the old one.",
        )
    name, kernel = call.principal.name, call.kernel
    actor, address = call.principal.id, call.address
    entry = kernel.audit_entry(actor, "password_changed", name, address, None)
    session = call.request.cookies[SESSION_COOKIE]
    try:
        await kernel.access.change_password(name, body.old, body.new, address, session, entry)
    except Unauthorized:
        await kernel.audit(actor, "password_change_failed", name, address, None)
        raise invalid("old", "原密码不正确。", "The old password is not right.") from None
    return web.Response(status=204)


# --- accounts ----------------------------------------------------------------------------------


def user_view(call: Call, user: User) -> UserView:
    locked = user.locked_until_ms > millis(call.kernel.clock.now())
    return {
        "name": user.name,
        "roles": user.roles,
        "halls": user.halls,
        "regions": user.regions,
        "disabled": user.disabled,
        "locked_until": from_millis(user.locked_until_ms) if locked else None,
        "created_at": from_millis(user.created_ms),
        "clerk_no": user.clerk_no,
        "clerk_hall": user.clerk_hall,
    }


def within_reach(call: Call, user: User) -> bool:
    """Whether the caller's scope holds all of `user`'s: nobody gives what they do not have."""
    mine, theirs = call.principal.halls, call.kernel.access.user_principal(user).halls
    if mine is None:
        return True
    return theirs is not None and theirs <= mine and _has_regions(call, user.regions or ())


def _has_regions(call: Call, codes: Iterable[str]) -> bool:
    """Whether all of them are the caller's, or below one that is. The halls of a region are not
    enough: more may be added to it, or there are none yet."""
    caller = call.kernel.access.users.get(call.principal.name)
    own = caller.regions if caller is not None and call.principal.kind == "user" else None
    for code in codes:
        region = call.kernel.regions.get(code)
        while region is not None and region.code not in (own or ()):
            region = call.kernel.regions.get(region.parent or "")
        if region is None:
            return False
    return True


def check_reach(call: Call, user: User) -> None:
    """Raises Forbidden for an account that reaches further than the caller's own.

    Nobody makes, resets or stops an account with rights they lack themselves; only who watches is
    appointed by others: supervisors by anyone who manages accounts, auditors by the system's
    administrator.
    """
    if not within_reach(call, user):
        raise Forbidden("wrong_hall", "该账号的管辖范围超出了您的范围。")
    mine = call.principal.roles | {"supervisor"}
    if "admin" in mine:
        mine |= {"auditor", "manager", "security"}
    if not set(user.roles) <= mine:
        raise Forbidden("wrong_role", "不能管理权限高于自己的账号。")


def check_rights(
    call: Call, roles: tuple[str, ...], halls: Iterable[str] | None, regions: Iterable[str] | None
) -> None:
    """Raises Invalid for rights that make no sense here."""
    if not roles:
        raise invalid("roles", "请至少选择一个角色。", "Please choose at least one role.")
    if "auditor" in roles and len(set(roles)) > 1:
        raise invalid(
            "roles",
            "审计员不能兼任其他角色。",
            "An auditor cannot have another role. Please choose one or the other.",
        )
    for index, hall_id in enumerate(halls or ()):
        if hall_id not in call.kernel.halls:
            raise invalid(
                f"halls[{index}]", "没有这个大厅。", "There is no such hall. Please choose again."
            )
    for index, code in enumerate(regions or ()):
        if code not in call.kernel.regions:
            raise invalid(
                f"regions[{index}]",
                "没有这个行政区划。",
                "There is no such region. Please choose again.",
            )


def check_password(password: str, field: str = "password") -> None:
    """Raises Invalid for a password that is too easy (GB/T 22239: complexity)."""
    letters = any(c.isalpha() for c in password)
    digits = any(c.isdigit() for c in password)
    signs = any(not c.isalnum() for c in password)
    classes = letters + digits + signs
    if len(password) < PASSWORD_MIN or len(password) > 128 or classes < 2:
        message = f"密码至少 {PASSWORD_MIN} 位，并包含字母、数字、符号中的两种。"
        english = (
            f"Please use at least {PASSWORD_MIN} characters, with two of letters, digits and signs."
        )
        raise invalid(field, message, english)


async def list_users(call: Call) -> list[UserView]:
    users = call.kernel.access.users.values()
    return [user_view(call, user) for user in users if within_reach(call, user)]


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """`clerk_no`: the clerk of `clerk_hall` (left out: the only hall) who this is; nobody handles
    a case about themselves."""

    name: str
    password: str
    roles: tuple[UserRole, ...]
    halls: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    clerk_no: str | None = None
    clerk_hall: str | None = None


def clerk_of(
    call: Call, clerk_no: str | None, clerk_hall: str | None, halls: tuple[str, ...] | None
) -> tuple[str, str] | tuple[None, None]:
    """(clerk_no, hall) of an account that belongs to a clerk.

    Raises:
        Invalid: no such hall or clerk, or which hall is not said.
    """
    if clerk_no is None:
        return None, None
    if not 1 <= len(clerk_no) <= 20:
        raise invalid(
            "clerk_no", "工号应为 1 到 20 个字符。", "The clerk number must be 1 to 20 characters."
        )
    if clerk_hall is None and halls is not None and len(halls) == 1:
        clerk_hall = halls[0]
    if clerk_hall not in call.kernel.halls:
        raise invalid(
            "clerk_hall", "请选择该工号所在的大厅。", "Please choose the hall of this clerk number."
        )
    # A slip here would let somebody handle cases about themselves, and nobody would see it.
    slices = call.kernel.halls[clerk_hall].committed
    if not any(f.has_clerk(slices[f.name], clerk_no) for f in call.kernel.features):
        raise invalid(
            "clerk_no",
            "该大厅没有这个工号，请核对。",
            "This hall has no clerk with this number. Please check it.",
        )
    return clerk_no, clerk_hall


async def new_user(call: Call) -> Any:
    body: NewUser = call.body
    if not 1 <= len(body.name) <= 40 or body.name != body.name.strip():
        raise invalid(
            "name",
            "用户名应为 1 到 40 个字符，首尾无空格。",
            "The name must be 1 to 40 characters, without blanks before or after it.",
        )
    check_rights(call, body.roles, body.halls, body.regions)
    check_password(body.password)
    clerk_no, clerk_hall = clerk_of(call, body.clerk_no, body.clerk_hall, body.halls)
    wanted = User(
        name=body.name,
        password_hash="",
        roles=body.roles,
        halls=body.halls,
        regions=body.regions,
        created_ms=millis(call.kernel.clock.now()),
        clerk_no=clerk_no,
        clerk_hall=clerk_hall,
    )
    check_reach(call, wanted)

    async def act() -> Write:
        if body.name in call.kernel.access.users:
            raise Conflict("user_exists", "已有同名用户。")
        hashed = await asyncio.to_thread(credentials.hash_secret, body.password)
        user = msgspec.structs.replace(wanted, password_hash=hashed)
        changes = (call.kernel.access.saving(user), _entry(call, "user_created", user))
        return Write(user_view(call, user), changes)

    return await alone(call, act)


class UserCommand(msgspec.Struct, tag_field="command", forbid_unknown_fields=True):
    """The base; `command` says which."""


class ResetPassword(UserCommand, tag="reset_password"):
    password: str


class Disable(UserCommand, tag="disable"): ...


class Enable(UserCommand, tag="enable"): ...


class Unlock(UserCommand, tag="unlock"):
    """After too many wrong passwords: the person knows it after all."""


class ChangeRights(UserCommand, tag="change"):
    """Roles and scope, whole: what is left out is every hall."""

    roles: tuple[UserRole, ...]
    halls: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None


class SetClerk(UserCommand, tag="set_clerk"):
    """Which clerk the account belongs to; null: none."""

    clerk_no: str | None
    clerk_hall: str | None = None


async def command_user(call: Call) -> Any:
    body: UserCommand = call.body
    own = call.principal.id == f"user:{call.path('name')}"
    if own and isinstance(body, Disable):
        raise Conflict("own_account", "不能停用自己的账号。")
    if own and isinstance(body, ChangeRights | SetClerk):
        raise Conflict("own_account", "不能修改自己的角色和范围，请由另一位管理员操作。")
    if isinstance(body, ResetPassword):
        check_password(body.password)
    if isinstance(body, ChangeRights):
        check_rights(call, body.roles, body.halls, body.regions)

    async def act() -> Write:
        user = call.kernel.access.users.get(call.path("name"))
        if user is None:
            raise NotFound("unknown_user", "没有这个用户。")
        check_reach(call, user)
        changed = await _after(call, body, user)
        check_reach(call, changed)
        changes = [call.kernel.access.saving(changed)]
        if isinstance(body, ResetPassword | Disable):
            changes.append(call.kernel.access.ending_sessions(user.name))
        elif isinstance(body, ChangeRights):
            watching = f"user:{user.name}"  # streams show what somebody could see when they began
            changes.append(Change(then=lambda: call.kernel.close_streams(watching)))
        action = f"user_{type(body).__struct_config__.tag}"
        return Write(user_view(call, changed), (*changes, _entry(call, action, changed)))

    return await alone(call, act)


async def _after(call: Call, body: UserCommand, user: User) -> User:
    replace = msgspec.structs.replace
    if isinstance(body, ResetPassword):
        hashed = await asyncio.to_thread(credentials.hash_secret, body.password)
        return replace(user, password_hash=hashed, failures=0, locked_until_ms=0)
    if isinstance(body, Unlock):
        return replace(user, failures=0, locked_until_ms=0)
    if isinstance(body, ChangeRights):
        return replace(user, roles=body.roles, halls=body.halls, regions=body.regions)
    if isinstance(body, SetClerk):
        clerk_no, clerk_hall = clerk_of(call, body.clerk_no, body.clerk_hall, user.halls)
        return replace(user, clerk_no=clerk_no, clerk_hall=clerk_hall)
    return replace(user, disabled=isinstance(body, Disable))


def _entry(call: Call, action: str, user: User) -> Change:
    """The audit's line, with the rights as they are from now on."""
    where = "*" if user.halls is None and user.regions is None else None
    scope = where or " ".join((*(user.halls or ()), *(user.regions or ())))
    detail = f"{' '.join(user.roles)} @ {scope}" if action != "user_reset_password" else ""
    actor = call.principal.actor().name
    return call.kernel.audit_entry(actor, action, user.name, call.address, None, detail)


def routes() -> list[Route]:
    people = frozenset({"admin", "security"})
    return [
        Route(
            method="POST", path="/session", handler=sign_in, summary="Sign in",
            roles=None, body=SignIn, keyed=False, answer=SignedIn,
        ),
        Route(
            method="DELETE", path="/session", handler=sign_out, summary="Sign out",
            roles=None, status=204, keyed=False,
        ),
        Route(
            method="POST", path="/session/password", handler=change_password,
            summary="Change one's own password; one's other sessions end",
            roles=frozenset(get_args(UserRole)), body=NewPassword, status=204, keyed=False,
        ),
        Route(
            method="GET", path="/users", handler=list_users, summary="People", roles=people,
            answer=list[UserView],
        ),
        Route(
            method="POST", path="/users", handler=new_user, summary="A new account",
            roles=people, body=NewUser, status=201, answer=UserView,
        ),
        Route(
            method="POST", path="/users/{name}/commands", handler=command_user,
            summary="Reset a password, unlock, disable or enable an account, change its rights",
            roles=people, body=ResetPassword | Disable | Enable | Unlock | ChangeRights | SetClerk,
            answer=UserView,
        ),
    ]  # fmt: skip
