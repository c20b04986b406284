"""One settings object: environment `COMPACT_*`, or one TOML file named by `COMPACT_SETTINGS`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


class Settings(BaseSettings):
    """How the service is run. Every field has a default that works on one machine; `compact doctor` shows each."""

    model_config = SettingsConfigDict(env_prefix="COMPACT_", extra="forbid", frozen=True)

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
        file = os.environ.get("COMPACT_SETTINGS")
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, file)) if file else sources
