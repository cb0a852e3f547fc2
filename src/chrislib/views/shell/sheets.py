"""The shell's own sheets: sign-in, settings, keys, health, tracking."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chrislib.views.context import ViewContext
from chrislib.views.dialogs.accounts_health import AccountsSheet
from chrislib.views.dialogs.kept_pictures import PicturesKept
from chrislib.views.dialogs.notification_settings import NotificationSettings
from chrislib.views.dialogs.run_settings import RunSettings
from chrislib.views.dialogs.settings import SettingsSheet
from chrislib.views.dialogs.sign_in import SignInSheet
from chrislib.views.jobs.track_sheet import TrackSheet
from chrislib.views.shell.commands import Command
from chrislib.views.shell.keys import key_sheet

if TYPE_CHECKING:
    from chrislib.views.shell.assembly import Shell


def open_sheet(
    name: str,
    shell: "Shell",
    context: ViewContext,
    *,
    commands: Sequence[Command],
    module: str,
) -> None:
    """Open "sign-in", "settings", "keys", "health" or "track"; returns at once."""
    theme, window = context.theme, shell.window
    if name == "keys":
        key_sheet(window, theme, commands, module=module).open()
        return
    session = context.session
    if name == "sign-in":
        SignInSheet(window, theme, session, messages=context.messages).open()
        return
    if name == "track":
        TrackSheet(window, context).open()
        return
    if name == "health":
        health = AccountsSheet(window, context)
        health.sign_in_requested.connect(lambda: shell.show_sheet("sign-in"))
        health.station_requested.connect(shell.use_station)
        health.open()
        return
    account = f"{session.host or 'No server'} {session.username}".strip()
    tasks = context.tasks("settings")
    page = NotificationSettings(
        theme,
        context.jobs.notices,
        account=(
            context.jobs.account_id,
            f"{session.username} on {session.host}" if session.host else "",
        ),
        tasks=tasks,
        now=context.now,
    )
    runs = RunSettings(
        theme,
        context.jobs.preferences,
        context.jobs.adoption,
        account_id=context.jobs.account_id,
        tasks=tasks,
    )
    sheet = SettingsSheet(
        window,
        theme,
        context.settings,
        account=account,
        notices=page,
        runs=runs,
        server=session.url if session.client is not None else "",
        kept=PicturesKept(
            theme, context.thumbnails, tasks=context.tasks("settings pictures")
        ),
    )
    sheet.own(tasks)
    sheet.sign_in_requested.connect(lambda: shell.show_sheet("sign-in"))
    sheet.station_requested.connect(shell.use_station)
    sheet.motion_changed.connect(shell.set_still)
    sheet.open()
