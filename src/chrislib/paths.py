"""Every folder and file chrislib uses on this computer; nobody else builds a path."""

import os
from dataclasses import dataclass
from pathlib import Path

_APP = "chrislib"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where chrislib keeps things.

    Attributes
    ----------
    state : Path
        Catalog, its backups and the single-instance socket. Private to the user.
    cache : Path
        Thumbnails and previews; may be deleted at any time.
    config : Path
        Settings a person chose.
    station : Path
        Everything of the embedded station: database, storage, run folders.
    plugin_envs : Path
        One Python environment per plugin of the station.
    downloads : Path
        The folder offered first when results are fetched.
    """

    state: Path
    cache: Path
    config: Path
    station: Path
    plugin_envs: Path
    downloads: Path

    @property
    def catalog(self) -> Path:
        """The catalog's database file."""
        return self.state / "catalog.db"

    @property
    def instance(self) -> Path:
        """The lock a running chrislib of this user holds."""
        return self.state / "instance.lock"

    @property
    def station_runtime(self) -> Path:
        """The file in which a running station says how it is reached."""
        return self.station / "station.json"

    @property
    def station_owner_secret(self) -> Path:
        """The file with the password of the station's one user, mode 0600."""
        return self.station / "owner.secret"

    @classmethod
    def of_user(cls) -> "Paths":
        """Return the folders of the current user.

        ``CHRISLIB_HOME`` puts everything under one folder (tests, the tour);
        ``CHRISLIB_PLUGIN_ENVS`` moves only the plugin environments.
        """
        home = os.environ.get("CHRISLIB_HOME")
        if home:
            base = Path(home)
            state, cache, config = base / "state", base / "cache", base / "config"
            data, downloads = base / "data", base / "downloads"
        else:
            import platformdirs

            state = platformdirs.user_state_path(_APP)
            cache = platformdirs.user_cache_path(_APP)
            config = platformdirs.user_config_path(_APP)
            data = platformdirs.user_data_path(_APP)
            downloads = platformdirs.user_downloads_path() / _APP
        envs = os.environ.get("CHRISLIB_PLUGIN_ENVS")
        return cls(
            state=state,
            cache=cache,
            config=config,
            station=data / "station",
            plugin_envs=Path(envs) if envs else data / "plugin-envs",
            downloads=downloads,
        )


def resources() -> Path:
    """Return the folder of icons, fonts and styles, installed or in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "resources"
    return installed if installed.is_dir() else here.parents[1] / "resources"
