"""Token, users, groups, the instance record, compute resources, one-time tokens."""

import secrets
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from chrislib.station.auth import Doorman
from chrislib.station.context import StationContext, shown
from chrislib.station.fields import REQUIRED
from chrislib.station.http import Answer, ApiError, Call, endpoint, invalid, missing
from chrislib.station.negotiation import JSON
from chrislib.station.store import Row

_COMPUTE_SEARCH = ("id", "name", "name_exact", "description", "plugin_id")


def routes(context: StationContext) -> list[Route]:
    """Return the routes of this module."""
    return [
        endpoint(
            "auth-token/", context, post=_auth_token, open_to_all=True, offered=(JSON,)
        ),
        endpoint("users/", context, get=_users, public=True),
        endpoint("users/{id:int}/", context, get=_user, put=_change_user),
        endpoint("users/{id:int}/groups/", context, get=_user_groups),
        endpoint("groups/", context, get=_groups, post=_refuse),
        endpoint("groups/search/", context, get=_group_search),
        endpoint("groups/{id:int}/", context, get=_group),
        endpoint("groups/{id:int}/users/", context, get=_refuse, post=_refuse),
        endpoint("chrisinstance/{id:int}/", context, get=_instance),
        endpoint("computeresources/", context, get=_computes, public=True),
        endpoint("computeresources/search/", context, get=_compute_search, public=True),
        endpoint("computeresources/{id:int}/", context, get=_compute, public=True),
        endpoint("downloadtokens/", context, get=_tokens, post=_new_token),
        endpoint("downloadtokens/search/", context, get=_tokens_found),
        endpoint("downloadtokens/{id:int}/", context, get=_token, delete=_drop_token),
        endpoint("/chris-admin/api/v1/", context, get=_refuse),
        endpoint("/chris-admin/api/v1/computeresources/", context, get=_refuse),
    ]


def _refuse(call: Call) -> Answer:
    text = "You do not have permission to perform this action."
    raise ApiError(403, {"detail": text})


def _auth_token(call: Call) -> Answer:
    empty = {
        name: [REQUIRED] for name in ("username", "password") if name not in call.data
    }
    if empty:
        raise ApiError(400, empty)
    name, password = str(call.data["username"]), str(call.data["password"])
    user = Doorman(call.store).sign_in(name, password)
    if user is None:
        text = "Unable to log in with provided credentials."
        raise invalid("non_field_errors", text)
    return Answer({"token": user.token})


def _users(call: Call) -> Answer:
    return call.listing(0, [])


def show_user(call: Call, row: Row) -> dict[str, Any]:
    """Return a user as the API shows one."""
    return {
        "url": call.url(f"users/{row['id']}/"),
        "id": row["id"],
        "username": row["username"],
        "email": row["email"],
        "is_staff": bool(row["is_staff"]),
        "groups": call.url(f"users/{row['id']}/groups/"),
    }


def _find_user(call: Call) -> Row:
    row = call.store.row("SELECT * FROM users WHERE id = ?", call.ids["id"])
    if row is None:
        raise missing("User")
    return row


def _user(call: Call) -> Answer:
    body = show_user(call, _find_user(call))
    names = ("password", "email")
    body["template"] = {"data": [{"name": n, "value": ""} for n in names]}
    return Answer(body)


def _change_user(call: Call) -> Answer:
    row = _find_user(call)
    if row["id"] != call.me.id:
        return _refuse(call)
    if "password" in call.data:
        # It lives in a file of the owner's; the window signs in with it.
        text = "The password of this station is kept in its file owner.secret."
        raise invalid("password", text)
    if "email" in call.data:
        call.store.update("users", row["id"], email=str(call.data["email"])[:254])
    return Answer(show_user(call, _find_user(call)))


def _show_group(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"groups/{row['id']}/"),
        "id": row["id"],
        "name": row["name"],
        "users": call.url(f"groups/{row['id']}/users/"),
    }


def _user_groups(call: Call) -> Answer:
    user = _find_user(call)
    return call.query_listing(
        "FROM groups WHERE id IN (SELECT group_id FROM memberships WHERE user_id = ?)",
        [user["id"]],
        order="name",
        show=lambda row: _show_group(call, row),
        links={"user": f"users/{user['id']}/"},
    )


def _groups(call: Call) -> Answer:
    return call.query_listing(
        "FROM groups",
        [],
        order="name",
        show=lambda row: _show_group(call, row),
        search=("groups/search/", ("id", "name", "name_icontains")),
        template=("name",),
    )


def _group_search(call: Call) -> Answer:
    where, values = ["1"], list[Any]()
    for key, condition in (
        ("id", "id = ?"),
        ("name", "name = ?"),
        ("name_icontains", "instr(casefold(name), casefold(?))"),
    ):
        if call.query.get(key):
            where.append(condition)
            values.append(call.query[key])
    return call.query_listing(
        f"FROM groups WHERE {' AND '.join(where)}",
        values,
        order="name",
        show=lambda row: _show_group(call, row),
    )


def _group(call: Call) -> Answer:
    row = call.store.row("SELECT * FROM groups WHERE id = ?", call.ids["id"])
    if row is None:
        raise missing("Group")
    return Answer(_show_group(call, row))


def _instance(call: Call) -> Answer:
    if call.ids["id"] != 1:
        raise missing("ChrisInstance")
    kept = {row["key"]: row["value"] for row in call.store.rows("SELECT * FROM meta")}
    return Answer(
        {
            "url": call.url("chrisinstance/1/"),
            "id": 1,
            "creation_date": shown(kept["created"]),
            "name": "chrislib station",
            "uuid": kept["uuid"],
            "job_id_prefix": "chris-jid-",
            "description": "The embedded ChRIS of this computer",
        }
    )


def show_compute(call: Call, row: Row) -> dict[str, Any]:
    """Return a compute resource as the API of this generation shows one."""
    body: dict[str, Any] = {
        "url": call.url(f"computeresources/{row['id']}/"),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "modification_date": shown(row["modification_date"]),
        "name": row["name"],
        # Not addresses anybody can call: programs run as processes of this machine.
        "compute_url": "local:processes",
        "compute_auth_url": "local:processes",
        "compute_innetwork": True,
        "compute_requires_copy_job": True,
        "compute_requires_upload_job": False,
        "description": row["description"],
        "max_job_exec_seconds": row["max_job_exec_seconds"],
    }
    if call.context.config.generation < 7:
        del body["compute_requires_copy_job"], body["compute_requires_upload_job"]
    return body


def compute_list(call: Call, where: str = "1", *values: Any, **more: Any) -> Answer:
    """Return the list of compute resources that fit `where`."""
    return call.query_listing(
        f"FROM compute_resources WHERE {where}",
        values,
        order="id",
        show=lambda row: show_compute(call, row),
        **more,
    )


def _computes(call: Call) -> Answer:
    return compute_list(
        call, search=("computeresources/search/", _COMPUTE_SEARCH), links={"feeds": ""}
    )


def _compute_search(call: Call) -> Answer:
    conditions: Mapping[str, str] = {
        "id": "id = ?",
        "name": "instr(casefold(name), casefold(?))",
        "name_exact": "name = ?",
        "description": "instr(casefold(description), casefold(?))",
        "plugin_id": "? IN (SELECT id FROM plugins)",
    }
    asked = [key for key in conditions if call.query.get(key)]
    where = " AND ".join(["1", *(conditions[key] for key in asked)])
    return compute_list(call, where, *(_as_number(call.query[key]) for key in asked))


def _as_number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _compute(call: Call) -> Answer:
    row = call.store.row("SELECT * FROM compute_resources WHERE id = ?", call.ids["id"])
    if row is None:
        raise missing("ComputeResource")
    return Answer(show_compute(call, row))


def _show_token(call: Call, row: Row) -> dict[str, Any]:
    return {
        "url": call.url(f"downloadtokens/{row['id']}/"),
        "id": row["id"],
        "creation_date": shown(row["creation_date"]),
        "token": row["token"],
        "owner_username": call.me.username,
        "owner": call.url(f"users/{call.me.id}/"),
    }


def _tokens(call: Call) -> Answer:
    return call.query_listing(
        "FROM download_tokens WHERE owner_id = ?",
        [call.me.id],
        order="creation_date DESC",
        show=lambda row: _show_token(call, row),
        search=("downloadtokens/search/", ("id", "owner_username")),
        template=(),
    )


def _tokens_found(call: Call) -> Answer:
    return call.query_listing(
        "FROM download_tokens WHERE owner_id = ?",
        [call.me.id],
        order="creation_date DESC",
        show=lambda row: _show_token(call, row),
    )


def _new_token(call: Call) -> Answer:
    # Three parts, as the real ones have; nothing may read a meaning into them.
    token = ".".join(secrets.token_urlsafe(n) for n in (15, 60, 64))
    ident = call.store.insert(
        "download_tokens",
        creation_date=call.store.now(),
        token=token,
        owner_id=call.me.id,
    )
    row = call.store.row("SELECT * FROM download_tokens WHERE id = ?", ident)
    assert row is not None
    return Answer(_show_token(call, row), 201)


def _own_token(call: Call) -> Row:
    row = call.store.row(
        "SELECT * FROM download_tokens WHERE id = ? AND owner_id = ?",
        call.ids["id"],
        call.me.id,
    )
    if row is None:
        raise missing("FileDownloadToken")
    return row


def _token(call: Call) -> Answer:
    return Answer(_show_token(call, _own_token(call)))


def _drop_token(call: Call) -> Response | Answer:
    call.store.execute("DELETE FROM download_tokens WHERE id = ?", _own_token(call)[0])
    return Answer(status=204)
