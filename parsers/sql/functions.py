"""What the built-in functions of PostgreSQL do, by name: an allow-list, because a function can do anything.

Three sources, in this order: the table below, reviewed by hand, for everything that does more than compute; the
generated list `data/postgres_functions.txt` of functions that only compute or read the catalogue (made by
`generate_postgres.py` from a server's own `pg_proc`); and everything else is unknown, which makes a statement
opaque. Overloads share a name and therefore the worst of their kinds.

Functions of extensions (`uuid_generate_v4`, pgcrypto, pg_trgm, PostGIS) stay unknown, and so do their operators and
types: an extension may live in any schema, and anybody who may create objects in a schema of the search path can give
a function of his own such a name. Only `pg_catalog` is always looked into first and belongs to the server. A user's
operator or function with a built-in name but closer argument types can't be seen in the text; whoever lets untrusted
users create objects has to keep their schemas out of the search path.
"""

from __future__ import annotations

import functools
from enum import Enum
from importlib import resources
from typing import Final

from policy_engine.documents.vocabulary import Effect, SqlFlag


class FunctionKind(Enum):
    """What calling a function does beyond computing a value from its arguments and the catalogue."""

    PURE = "computes; reads at most the catalogue, the clock or a random source"
    SEQUENCE = "moves a sequence; the first argument names it"
    SETTING = "changes a setting (set_config); the first argument names it"
    SESSION = "changes only the session: advisory locks, snapshots, random seed"
    DELAY = "keeps a connection busy"
    READS_FILE = "reads a file or folder of the server; the first argument names it"
    WRITES_FILE = "writes, renames or removes a file of the server"
    SQL_TEXT = "runs SQL given as text, or reads tables named by text"
    LARGE_OBJECT_READ = "reads a large object"
    LARGE_OBJECT_WRITE = "creates, changes or removes a large object"
    SIGNAL = "signals or ends a backend, or makes the server reload"
    NETWORK = "speaks to another server"
    ADMIN = "changes the server's state: backups, replication, statistics"
    NOTIFY = "sends a notification"
    SERVER_STATE = "reads what one of the server's own views shows"


EFFECTS: Final[dict[FunctionKind, frozenset[Effect]]] = {
    FunctionKind.PURE: frozenset(),
    FunctionKind.SEQUENCE: frozenset({Effect.UPDATE}),
    FunctionKind.SETTING: frozenset({Effect.SESSION}),
    FunctionKind.SESSION: frozenset({Effect.SESSION}),
    FunctionKind.DELAY: frozenset({Effect.EXECUTE}),
    FunctionKind.READS_FILE: frozenset({Effect.READ, Effect.EXECUTE}),
    FunctionKind.WRITES_FILE: frozenset({Effect.CREATE, Effect.UPDATE, Effect.EXECUTE}),
    FunctionKind.SQL_TEXT: frozenset({Effect.EXECUTE, Effect.UNKNOWN}),
    FunctionKind.LARGE_OBJECT_READ: frozenset({Effect.READ}),
    FunctionKind.LARGE_OBJECT_WRITE: frozenset({Effect.CREATE, Effect.UPDATE, Effect.DELETE}),
    FunctionKind.SIGNAL: frozenset({Effect.CONFIGURE, Effect.EXECUTE}),
    FunctionKind.NETWORK: frozenset({Effect.EXECUTE, Effect.TRANSFER, Effect.UNKNOWN}),
    FunctionKind.ADMIN: frozenset({Effect.CONFIGURE, Effect.EXECUTE}),
    FunctionKind.NOTIFY: frozenset({Effect.SESSION, Effect.CREATE}),
    FunctionKind.SERVER_STATE: frozenset({Effect.READ}),
}
FLAGS: Final[dict[FunctionKind, frozenset[str]]] = {
    FunctionKind.READS_FILE: frozenset({SqlFlag.READS_SERVER_FILE}),
    FunctionKind.WRITES_FILE: frozenset({SqlFlag.WRITES_SERVER_FILE}),
    FunctionKind.SQL_TEXT: frozenset({SqlFlag.DYNAMIC_SQL}),
}

_REVIEWED: Final[dict[FunctionKind, str]] = {
    FunctionKind.SEQUENCE: "nextval setval",
    FunctionKind.SETTING: "set_config",
    FunctionKind.SESSION: """
        setseed pg_export_snapshot pg_stat_clear_snapshot pg_stat_force_next_flush
        pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared
        pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
        pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared""",
    FunctionKind.DELAY: "pg_sleep pg_sleep_for pg_sleep_until",
    FunctionKind.READS_FILE: """
        pg_read_file pg_read_binary_file pg_read_file_old pg_read_file_all pg_read_binary_file_all pg_stat_file
        pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir pg_ls_logicalmapdir
        pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_current_logfile pg_hba_file_rules
        pg_ident_file_mappings pg_show_all_file_settings pg_logdir_ls pg_available_wal_summaries
        pg_wal_summary_contents pg_file_length pg_file_read lo_import""",
    FunctionKind.WRITES_FILE: "lo_export pg_file_write pg_file_rename pg_file_unlink pg_file_sync",
    FunctionKind.SQL_TEXT: """
        query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema
        table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema
        schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema
        ts_stat ts_rewrite crosstab crosstab2 crosstab3 crosstab4 crosstabn connectby xpath_table""",
    FunctionKind.LARGE_OBJECT_READ: "lo_get loread lo_open lo_close lo_lseek lo_lseek64 lo_tell lo_tell64",
    FunctionKind.LARGE_OBJECT_WRITE: """
        lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lo_unlink lowrite""",
    FunctionKind.SIGNAL: """
        pg_cancel_backend pg_terminate_backend pg_reload_conf pg_rotate_logfile pg_log_backend_memory_contexts
        pg_logfile_rotate""",
    FunctionKind.NETWORK: """
        dblink dblink_exec dblink_connect dblink_connect_u dblink_disconnect dblink_open dblink_fetch dblink_close
        dblink_send_query dblink_get_result dblink_cancel_query dblink_is_busy dblink_get_connections
        dblink_error_message dblink_get_notify dblink_build_sql_insert dblink_build_sql_update
        dblink_build_sql_delete postgres_fdw_disconnect postgres_fdw_disconnect_all postgres_fdw_get_connections""",
    FunctionKind.NOTIFY: "pg_notify",
    FunctionKind.ADMIN: """
        brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list
        pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_promote pg_switch_wal
        pg_create_restore_point pg_wal_replay_pause pg_wal_replay_resume pg_log_standby_snapshot
        pg_logical_emit_message pg_import_system_collations pg_extension_config_dump pg_nextoid
        pg_stop_making_pinned_objects pg_clear_attribute_stats pg_clear_relation_stats pg_restore_attribute_stats
        pg_restore_relation_stats pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot
        pg_stat_reset_shared pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters
        pg_stat_reset_slru pg_stat_reset_subscription_stats pg_stat_statements_reset
        pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_create_logical_replication_slot
        pg_create_physical_replication_slot pg_drop_replication_slot pg_replication_slot_advance
        pg_sync_replication_slots pg_logical_slot_get_changes pg_logical_slot_get_binary_changes
        pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes pg_replication_origin_advance
        pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_reset
        pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup""",
}

# Volatile only because they read the clock, a random source, or state that changes: calling them changes nothing.
HARMLESS_VOLATILE: Final = frozenset(
    [
        "array_sample",
        "array_shuffle",
        "clock_timestamp",
        "current_query",
        "currval",
        "lastval",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "random",
        "random_normal",
        "timeofday",
        "txid_status",
        "amvalidate",
        "pg_blocking_pids",
        "pg_collation_actual_version",
        "pg_control_checkpoint",
        "pg_control_init",
        "pg_control_recovery",
        "pg_control_system",
        "pg_current_wal_flush_lsn",
        "pg_current_wal_insert_lsn",
        "pg_current_wal_lsn",
        "pg_database_collation_actual_version",
        "pg_database_size",
        "pg_get_aios",
        "pg_get_backend_memory_contexts",
        "pg_get_loaded_modules",
        "pg_get_multixact_members",
        "pg_get_sequence_data",
        "pg_get_shmem_allocations",
        "pg_get_shmem_allocations_numa",
        "pg_get_wait_events",
        "pg_get_wal_replay_pause_state",
        "pg_get_wal_resource_managers",
        "pg_get_wal_summarizer_state",
        "pg_indexes_size",
        "pg_is_in_recovery",
        "pg_is_wal_replay_paused",
        "pg_isolation_test_session_is_blocked",
        "pg_jit_available",
        "pg_last_committed_xact",
        "pg_last_wal_receive_lsn",
        "pg_last_wal_replay_lsn",
        "pg_last_xact_replay_timestamp",
        "pg_notification_queue_usage",
        "pg_partition_ancestors",
        "pg_partition_tree",
        "pg_relation_size",
        "pg_replication_origin_progress",
        "pg_replication_origin_session_is_setup",
        "pg_replication_origin_session_progress",
        "pg_safe_snapshot_blocking_pids",
        "pg_sequence_last_value",
        "pg_stat_get_backend_wal",
        "pg_stat_get_xact_blocks_fetched",
        "pg_stat_get_xact_blocks_hit",
        "pg_stat_get_xact_function_calls",
        "pg_stat_get_xact_function_self_time",
        "pg_stat_get_xact_function_total_time",
        "pg_stat_get_xact_numscans",
        "pg_stat_get_xact_tuples_deleted",
        "pg_stat_get_xact_tuples_fetched",
        "pg_stat_get_xact_tuples_hot_updated",
        "pg_stat_get_xact_tuples_inserted",
        "pg_stat_get_xact_tuples_newpage_updated",
        "pg_stat_get_xact_tuples_returned",
        "pg_stat_get_xact_tuples_updated",
        "pg_stat_have_stats",
        "pg_table_size",
        "pg_tablespace_size",
        "pg_total_relation_size",
        "pg_xact_commit_timestamp",
        "pg_xact_commit_timestamp_origin",
        "pg_xact_status",
        "bernoulli",
        "system",
    ]
)

# Functions that take a whole row: `u.to_jsonb` may mean `to_jsonb(u)` when `u` has no such column.
TAKES_ROW: Final = frozenset(
    [
        "row_to_json",
        "to_json",
        "to_jsonb",
        "json_agg",
        "jsonb_agg",
        "json_agg_strict",
        "jsonb_agg_strict",
        "array_agg",
        "concat",
        "concat_ws",
        "format",
        "json_build_array",
        "json_build_object",
        "jsonb_build_array",
        "jsonb_build_object",
        "num_nulls",
        "num_nonnulls",
        "hash_record",
        "hash_record_extended",
        "record_out",
        "record_send",
        "quote_literal",
        "quote_nullable",
        "text",
        "any_value",
        "max",
        "min",
        "array_append",
        "array_prepend",
        "array_fill",
        "first_value",
        "last_value",
        "lag",
        "lead",
        "nth_value",
        "string_agg",
        "json_object_agg",
        "jsonb_object_agg",
        "xmlforest",
        "count",
        "md5",
    ]
)


# What a protected view of `pg_catalog` shows can be read through the functions it is made of as well.
_BEHIND_VIEWS: Final[dict[str, str]] = {
    "pg_aios": "pg_get_aios",
    "pg_backend_memory_contexts": "pg_get_backend_memory_contexts",
    "pg_config": "pg_config",
    "pg_cursors": "pg_cursor",
    "pg_locks": "pg_lock_status",
    "pg_prepared_statements": "pg_prepared_statement",
    "pg_prepared_xacts": "pg_prepared_xact",
    "pg_publication_tables": "pg_get_publication_tables",
    "pg_replication_origin_status": "pg_show_replication_origin_status",
    "pg_replication_slots": "pg_get_replication_slots",
    "pg_settings": "pg_show_all_settings",
    "pg_shmem_allocations": "pg_get_shmem_allocations",
    "pg_shmem_allocations_numa": "pg_get_shmem_allocations_numa",
    "pg_stat_activity": """
        pg_stat_get_activity pg_stat_get_backend_activity pg_stat_get_backend_activity_start
        pg_stat_get_backend_client_addr pg_stat_get_backend_client_port pg_stat_get_backend_dbid
        pg_stat_get_backend_idset pg_stat_get_backend_pid pg_stat_get_backend_start pg_stat_get_backend_subxact
        pg_stat_get_backend_userid pg_stat_get_backend_wait_event pg_stat_get_backend_wait_event_type
        pg_stat_get_backend_xact_start""",
    "pg_stat_io": "pg_stat_get_io pg_stat_get_backend_io",
    "pg_stat_recovery_prefetch": "pg_stat_get_recovery_prefetch",
    "pg_stat_replication": "pg_stat_get_wal_senders",
    "pg_stat_replication_slots": "pg_stat_get_replication_slot",
    "pg_stat_slru": "pg_stat_get_slru",
    "pg_stat_subscription": "pg_stat_get_subscription",
    "pg_stat_subscription_stats": "pg_stat_get_subscription_stats",
    "pg_stat_wal_receiver": "pg_stat_get_wal_receiver",
    "pg_stat_progress_copy": "pg_stat_get_progress_info",
}


@functools.cache
def _views() -> dict[str, str]:
    return {name: f"pg_catalog.{view}" for view, names in _BEHIND_VIEWS.items() for name in names.split()}


def view_behind(name: str) -> str | None:
    """Return the view that shows what the built-in function `name` reads, or None."""
    return _views().get(name)


def reviewed() -> dict[str, FunctionKind]:
    """Return the hand-reviewed table, name -> kind."""
    kinds = {name: kind for kind, names in _REVIEWED.items() for name in names.split()}
    return {**dict.fromkeys(_views(), FunctionKind.SERVER_STATE), **kinds}


@functools.cache
def _kinds() -> dict[str, FunctionKind]:
    kinds = dict.fromkeys(_data("postgres_functions.txt").split(), FunctionKind.PURE)
    kinds.update(reviewed())
    return kinds


def function_kind(name: str) -> FunctionKind | None:
    """Return what the built-in function `name` (without schema, folded) does, or None when it isn't known."""
    return _kinds().get(name)


@functools.cache
def _outputs() -> dict[str, tuple[str, ...] | None]:
    outputs: dict[str, tuple[str, ...] | None] = {}
    for line in _data("postgres_function_columns.txt").splitlines():
        name, _, columns = line.partition(" ")
        outputs[name] = tuple(columns.split(",")) if columns else None
    return outputs


def output_columns(name: str) -> tuple[str, ...] | None:
    """Return the columns of a built-in function used as a table.

    `()` stands for one column named by the alias (a scalar result), None for columns that aren't known.
    """
    outputs = _outputs()
    if name not in outputs:
        return None
    return outputs[name] or ()


@functools.cache
def set_returning() -> frozenset[str]:
    """Return the built-in functions that return any number of rows for one call."""
    return frozenset(_data("postgres_set_functions.txt").split())


@functools.cache
def operators() -> frozenset[str]:
    """Return the names of PostgreSQL's own operators."""
    # `#` starts some operators as well as a comment, which has a blank behind it.
    return frozenset(_data("postgres_operators.txt").split())


@functools.cache
def types() -> frozenset[str]:
    """Return the names of PostgreSQL's own types, arrays as `_name`."""
    return frozenset(_data("postgres_types.txt").split())


def _data(name: str) -> str:
    """Read a data file; lines that start with `#` are comments."""
    text = resources.files("policy_engine.parsers.sql").joinpath("data", name).read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("# "))


@functools.cache
def system_relations() -> dict[str, tuple[str, ...]]:
    """Return the columns of PostgreSQL's own relations by `schema.name` (pg_catalog and information_schema)."""
    relations: dict[str, tuple[str, ...]] = {}
    for line in _data("postgres_relations.txt").splitlines():
        name, _, columns = line.partition(" ")
        relations[name] = tuple(columns.split(","))
    return relations
