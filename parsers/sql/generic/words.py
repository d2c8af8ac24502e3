"""Words of the other dialects: which verb a leading keyword means, which functions only compute."""

# ruff: noqa: SIM905 — long word lists read better as text
from __future__ import annotations

from typing import Final

# Leading keywords of statements that sqlglot doesn't parse; the longest match names the verb.
LEADING_VERBS: Final[dict[str, str]] = {
    "select": "select",
    "with": "select",
    "values": "select",
    "table": "select",
    "from": "select",
    "insert": "insert",
    "replace": "replace",
    "update": "update",
    "delete": "delete",
    "merge": "merge",
    "upsert": "insert",
    "truncate": "truncate",
    "create": "create",
    "alter": "alter",
    "rename": "alter",
    "exchange": "alter",
    "optimize": "vacuum",
    "undrop": "create",
    "drop": "drop",
    "purge": "drop",
    "flashback": "alter",
    "restore": "alter",
    "grant": "grant",
    "revoke": "revoke",
    "deny": "deny",
    "copy": "copy_in",
    "put": "copy_in",
    "get": "copy_out",
    "call": "call",
    "exec": "call",
    "execute": "execute",
    "do": "do",
    "set": "set",
    "unset": "reset",
    "reset": "reset",
    "show": "show",
    "describe": "show",
    "desc": "show",
    "list": "show",
    "ls": "show",
    "start": "begin",
    "begin": "begin",
    "commit": "commit",
    "end": "commit",
    "rollback": "rollback",
    "abort": "rollback",
    "savepoint": "savepoint",
    "save": "savepoint",
    "release": "savepoint",
    "explain": "explain",
    "prepare": "prepare",
    "deallocate": "deallocate",
    "declare": "declare",
    "fetch": "fetch",
    "open": "declare",
    "close": "close",
    "lock": "lock",
    "unlock": "lock",
    "vacuum": "vacuum",
    "analyze": "analyze",
    "analyse": "analyze",
    "comment": "comment",
    "refresh": "refresh",
    "cluster": "cluster",
    "reindex": "reindex",
    "checkpoint": "checkpoint",
    "discard": "discard",
    "load": "load",
    "install": "load",
    "bulk": "import",
    "import": "import",
    "export": "export",
    "unload": "export",
    "backup": "export",
    "use": "use",
    "handler": "handler",
    "attach": "attach",
    "detach": "detach",
    "pragma": "pragma",
    "shutdown": "shutdown",
    "kill": "shutdown",
    "system": "shutdown",
    "if": "if",
    "while": "while",
    "loop": "while",
    "for": "while",
    "repeat": "while",
    "revert": "revert",
}

# A statement word may stand here and nowhere else unless the tree has a node for it.
STATEMENT_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "delete": ("Delete",),
    "update": ("Update",),
    "insert": ("Insert",),
    "merge": ("Merge",),
    "drop": ("Drop",),
    "truncate": ("TruncateTable",),
    "create": ("Create",),
    "alter": ("Alter", "AlterColumn", "AlterRename"),
    "grant": ("Grant",),
    "revoke": ("Revoke",),
    "exec": ("Execute", "ExecuteSql"),
    "execute": ("Execute", "ExecuteSql"),
    "outfile": (),
    "dumpfile": (),
    "into": ("Into", "Insert", "Merge", "LoadData", "Copy"),
}
# What may stand before a statement word without starting a statement.
WORD_BEFORE: Final = frozenset({"as", ".", "on", "for", "then", "key", "of", "before", "after", "or", "not"})

# T-SQL runs statements one after the other without any separator, so `SELECT 1 SHUTDOWN` is two of them and not a
# column called SHUTDOWN. All of these are reserved there: an honest name would stand in brackets.
TSQL_WORDS: Final = frozenset(
    """
    alter backup begin break bulk checkpoint close commit continue create dbcc deallocate declare delete deny
    drop dump exec execute fetch go goto grant if insert kill load merge open print raiserror readtext
    reconfigure restore return revert revoke rollback save select set setuser shutdown truncate update
    updatetext use waitfor while writetext
    """.split()
)

# Functions that only compute, in every dialect that has them. sqlglot's own typed functions are allowed as well.
PURE_FUNCTIONS: Final = frozenset(
    """
    abs acos acosd addmonths adddate addtime aes_decrypt aes_encrypt age any_value approx_count_distinct array_agg
    array_append array_contains array_length array_size array_to_string arraymap arrayfilter arrayjoin ascii asin atan
    atan2 avg bin bin_to_uuid bit_and bit_count bit_length bit_or bit_xor bitand bitor bitxor bool_and bool_or btrim
    cardinality cast cbrt ceil ceiling char char_length character_length charindex checksum choose chr coalesce
    collect_list collect_set concat concat_ws conv convert convert_tz cos cosh cot count count_big countif crc32
    cume_dist curdate current_database current_date current_role current_schema current_time current_timestamp
    current_user curtime database date date_add date_bin date_diff date_format date_from_parts date_part date_sub
    date_trunc dateadd datediff datediff_big datefromparts datename datepart datetime datetime2fromparts
    datetimefromparts day dayname dayofmonth dayofweek dayofyear db_name decode decrypt degrees dense_rank
    difference div elt encode endswith eomonth exp extract extractvalue field find_in_set first first_value floor
    format format_date format_timestamp found_rows from_base64 from_days from_unixtime from_utf8 generate_series
    generate_uuid getdate getutcdate greatest group_concat grouping grouping_id hash hashbytes hex hour if ifnull
    iff iif index inet_aton inet_ntoa initcap insert instr is_ipv4 is_ipv6 isdate isjson isnull isnumeric json
    json_array json_arrayagg json_contains json_contains_path json_depth json_each json_extract
    json_extract_path_text json_keys json_length json_merge_patch json_modify json_object json_objectagg json_parse
    json_query json_quote json_search json_set json_size json_tree json_type json_unquote json_valid json_value
    julianday lag last last_day last_value lcase lead least left len length like listagg ln localtime localtimestamp
    locate log log10 log2 lower lpad ltrim makedate maketime max md5 median mid min minute mod month monthname
    months_between nchar newid next_day now nth_value ntile nullif nvl nvl2 object_construct object_id object_name
    octet_length ord parse_json parse_timestamp parsename patindex percent_rank percentile_cont percentile_disc pi
    position pow power printf quarter quote quotename radians rand random rank regexp_contains regexp_count
    regexp_extract regexp_extract_all regexp_instr regexp_like regexp_matches regexp_replace regexp_substr
    repeat replace replicate reverse right round row row_number rpad rtrim safe_cast schema schema_name sec_to_time
    second session_user sha sha1 sha2 sha256 sha512 sign sin sinh smalldatetimefromparts soundex space split
    split_part sqrt starts_with startswith std stddev stddev_pop stddev_samp stdev stdevp str str_to_date strcmp
    strftime string_agg string_escape string_split strpos struct struct_pack stuff subdate substr substring
    substring_index subtime suser_sname switchoffset sys_guid sysdate sysdatetime sysdatetimeoffset systimestamp
    sysutcdatetime system_user tan tanh time time_format time_to_sec timediff timefromparts timestamp timestampadd
    timestampdiff timestamp_trunc to_array to_base64 to_binary to_char to_clob to_date to_days to_hex to_json
    to_json_string to_number to_timestamp to_unixtime to_variant todatetimeoffset total translate trim trunc
    truncate try_cast try_convert try_parse try_to_date try_to_number typeof ucase unhex unicode uniform uniqueidentifier
    unix_timestamp unnest upper user user_name utc_date values utc_time utc_timestamp uuid uuid_string uuid_to_bin
    var_pop var_samp variance version week weekday weekofyear width_bucket year yearweek zeroblob
    get_json_object explode posexplode array map named_struct size sort_array sequence flatten
    """.split()
)
# With an argument they set what the next call without one returns, in this session.
PURE_WITHOUT_ARGUMENTS: Final[dict[str, frozenset[str]]] = dict.fromkeys(
    ("mysql", "mariadb"), frozenset({"last_insert_id"})
)
# Known to do more than compute, with what it is.
READS_FILE: Final = frozenset(
    {
        "load_file", "readfile", "openrowset", "bfilename", "read_csv", "read_csv_auto", "read_parquet", "read_json",
        "read_json_auto", "read_text", "read_blob", "parquet_scan", "glob", "file", "fn_xe_file_target_read_file",
        "fn_get_audit_file", "fn_trace_gettable",
    }
)  # fmt: skip
WRITES_FILE: Final = frozenset({"writefile", "edit"})
RUNS_TEXT: Final = frozenset(
    {
        "load_extension", "openquery", "opendatasource", "openrowset", "system$", "external_query", "sys_exec", "sys_eval",
        "dbms_sql", "query_to_xml", "xmltype", "getxml", "executable",
    }
)  # fmt: skip
REMOTE: Final = frozenset({"openquery", "opendatasource", "openrowset", "external_query"})
LOCKING_HINTS: Final = frozenset({"XLOCK", "TABLOCKX", "UPDLOCK"})
DELAYS: Final = frozenset({"sleep", "benchmark", "get_lock", "release_lock", "randomblob"})
NETWORK: Final = frozenset(
    {
        "url",
        "s3",
        "remote",
        "remotesecure",
        "mysql",
        "postgresql",
        "mongodb",
        "hdfs",
        "jdbc",
        "odbc",
        "azureblobstorage",
    }
)

# MySQL and T-SQL settings that change how later text is read.
LEXER_SETTINGS: Final = frozenset(
    """
    sql_mode character_set_client character_set_connection character_set_results names charset character set
    quoted_identifier ansi_defaults standard_conforming_strings backslash_quote client_encoding no_backslash_escapes
    sql_dialect parseonly noexec cursor_close_on_commit
    """.split()
)
# `SHOW CREATE …` that tells no more than the catalogue does.
SHOWN_DEFINITIONS: Final = frozenset({"CREATE TABLE", "CREATE VIEW"})
# Character sets in which no other character holds the byte of a quote or a backslash; the usual ones of a client.
SAFE_CHARACTER_SETS: Final = frozenset({"utf8", "utf8mb3", "utf8mb4"})
PSEUDO_COLUMNS: Final[dict[str, frozenset[str]]] = {
    "tsql": frozenset({"$action"}),
    "oracle": frozenset(
        {"rownum", "sysdate", "systimestamp", "level", "user", "uid", "current_date", "sessiontimezone"}
    ),
}
# Names that stand for a column which is called otherwise.
OTHER_NAMES: Final[dict[str, frozenset[str]]] = {
    "tsql": frozenset({"$identity", "$rowguid", "identitycol", "rowguidcol"}),
    "sqlite": frozenset({"rowid", "oid", "_rowid_"}),
    "mysql": frozenset({"_rowid"}),
    "mariadb": frozenset({"_rowid"}),
}
# Dialects in which an expression may use an alias given earlier in the same SELECT list.
LATERAL_ALIASES: Final = frozenset({"snowflake", "redshift", "databricks", "spark", "duckdb", "clickhouse"})
