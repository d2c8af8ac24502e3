"""The SQL dialects that have a parser, under sqlglot's names, with the names that people use for them."""

from __future__ import annotations

from typing import Final

DIALECTS: Final[tuple[str, ...]] = (
    "postgres",
    "mysql",
    "mariadb",
    "tsql",
    "oracle",
    "snowflake",
    "bigquery",
    "sqlite",
    "redshift",
    "databricks",
    "spark",
    "clickhouse",
    "duckdb",
    "trino",
)

_ALIASES: Final[dict[str, str]] = {
    "postgresql": "postgres",
    "pg": "postgres",
    "psql": "postgres",
    "pgsql": "postgres",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "sql-server": "tsql",
    "sql_server": "tsql",
    "transact-sql": "tsql",
    "azuresql": "tsql",
    "plsql": "oracle",
    "sqlite3": "sqlite",
    "bq": "bigquery",
    "sparksql": "spark",
    "presto": "trino",
    "athena": "trino",
}


def canonical_dialect(name: str) -> str | None:
    """Return the canonical name of a dialect, or None when no parser knows it."""
    lowered = name.strip().lower()
    lowered = _ALIASES.get(lowered, lowered)
    return lowered if lowered in DIALECTS else None
