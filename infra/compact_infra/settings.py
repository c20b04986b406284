"""One settings object: environment `COMPACT_*`, or one TOML file named by `COMPACT_SETTINGS`."""

from __future__ import annotations

import base64
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

FILE = "COMPACT_SETTINGS"
PREFIX = "COMPACT_"


class Settings(BaseSettings):
    """How the service is run. Every field has a default that works on one machine; `compact doctor` shows each.

    What the host gives wins over the environment, which wins over the file. What is empty in the environment is not
    set. Raises `ValidationError`, which is a `ValueError`, and `OSError` where the file cannot be read.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    database_url: str | None = Field(default=None, description="libpq URL; unset: the embedded PostgreSQL")
    read_database_url: str | None = Field(default=None, description="libpq URL of a replica for questions")
    data_dir: Path = Field(default=Path(".compact"), description="keys, and the embedded database")
    db_schema: str = Field(
        default="compact", pattern=r"^[a-z_][a-z0-9_]{0,30}$", description="prefix of the PostgreSQL schemas"
    )
    roles: str = Field(default="api,worker", description="what this process is: api, worker or both")
    auth: Literal["none", "development"] = Field(
        default="none", description="development: accept tokens made by `compact token`"
    )
    token_key: SecretStr | None = Field(default=None, description="secret that development tokens are signed with")
    vault_key: SecretStr | None = Field(
        default=None, description="32 bytes as base64 that wrap the keys of persons; unset: a file in data_dir"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    pool_size: int = Field(default=8, ge=2, le=100, description="database connections for commands, and for questions")
    visible_within: float = Field(default=1.0, gt=0, le=30, description="seconds a mutation waits for the read side")
    introspection: bool = Field(default=True, description="whether the schema may be asked for")
    demonstration: bool = Field(default=False, description="at creation of a database: make it a demonstration")

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, value: str) -> str:
        unknown = {role.strip() for role in value.split(",")} - {"api", "worker"}
        if unknown:
            raise ValueError(f"unknown role {', '.join(sorted(unknown))}")
        return value

    @field_validator("vault_key")
    @classmethod
    def _whole_key(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            right = value is None or len(base64.b64decode(value.get_secret_value(), validate=True)) == 32
        except ValueError:
            right = False
        if not right:
            raise ValueError("must be 32 bytes as base64")
        return value

    @property
    def is_worker(self) -> bool:
        return "worker" in self.roles

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(FILE)
        if not file:
            return init_settings, env_settings
        with Path(file).expanduser().open("rb"):  # one that is not there would be passed over in silence
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def sources(settings: Settings) -> Mapping[str, str]:
    """Where each setting comes from: `default`, `environment COMPACT_…`, the file, or `given by the host`."""
    kind = type(settings)
    environment = EnvSettingsSource(kind)()
    path = os.environ.get(FILE)
    file: dict[str, Any] = tomllib.loads(Path(path).expanduser().read_text("utf-8")) if path else {}
    outside = kind()
    found = {}
    for name in kind.model_fields:
        if name not in settings.model_fields_set:
            found[name] = "default"
        elif getattr(settings, name) != getattr(outside, name) or name not in environment.keys() | file.keys():
            found[name] = "given by the host"
        else:
            found[name] = f"environment {PREFIX}{name.upper()}" if name in environment else f"file {path}"
    return found
