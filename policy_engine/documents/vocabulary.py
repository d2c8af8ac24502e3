"""The closed vocabularies: every word that an action document may use, with its meaning.

A policy can only be trusted when the words it tests for are the words that occur: a rule on the verb `deleet`
never matches, and a rule that silently never matches is a hole. So each vocabulary is an enum, a document with
another word is refused, a data file that names another word is an error at load time, and `docs/vocabulary.md`
is generated from this module.
"""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """A word of a closed vocabulary together with its meaning: `NAME = "word", "what it means"`."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Word:
        """Make the string member and keep its meaning beside it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class Protocol(Word):
    """What kind of text or request the action came from."""

    SQL = "sql", "SQL text; the dialect names the database"
    KUBERNETES = "kubernetes", "a kubectl command line (dialect kubectl) or an API request (dialect api)"
    SHELL = "shell", "a shell command line; dialect bash"
    HTTP = "http", "an HTTP request; dialect 1.1"
    MCP = "mcp", "a tool call over the Model Context Protocol"


class Effect(Word):
    """What an operation does, whatever the protocol."""

    READ = "read", "data is read"
    CREATE = "create", "new data or a new object comes into being"
    UPDATE = "update", "existing data or an existing object changes"
    DELETE = "delete", "data or an object is destroyed"
    DEFINE = "define", "a schema or specification changes (DDL, a Kubernetes object's spec)"
    GRANT = "grant", "rights are given or taken"
    ASSUME = "assume", "the caller acts as another role or user"
    EXECUTE = "execute", "code runs: a program, a function with unknown effects, a command in a pod"
    TRANSFER = "transfer", "bulk data leaves or enters (COPY, scp, port forwards)"
    CONFIGURE = "configure", "settings of a server or a host change"
    SESSION = "session", "only the caller's own session changes (BEGIN, SET, cd)"
    UNKNOWN = "unknown", "what happens can't be known statically"


class Access(Word):
    """How an operation touches a resource."""

    READ = "read", "its content is read"
    WRITE = "write", "its content or definition changes, or it comes or goes"
    EXECUTE = "execute", "it is run or called"


class ResourceKind(Word):
    """What a resource is."""

    TABLE = "table", "SQL table, or a relation that may be a table or a view"
    VIEW = "view", "SQL view or materialized view, named as such by the statement or the catalogue"
    COLUMN = "column", "SQL column, schema.table.column"
    FUNCTION = "function", "SQL function, procedure or aggregate"
    ROLE = "role", "SQL role or user"
    DATABASE = "database", "SQL database or catalog"
    SCHEMA = "schema", "SQL schema"
    SEQUENCE = "sequence", "SQL sequence"
    INDEX = "index", "SQL index"
    TYPE = "type", "SQL type or domain"
    SETTING = "setting", "a configuration parameter of a session or server"
    EXTENSION = "extension", "SQL extension, language, publication or another object of the database"
    FILE = "file", "a file or folder, by path"
    HOST = "host", "a host on the network, name or address, with :port where known"
    PROCESS = "process", "a process or a signal's target"
    PROGRAM = "program", "a program that runs, by the word that names it"
    K8S = "k8s", "a Kubernetes object: group/resource[/subresource]:namespace/name (the core group is empty)"
    PATH = "path", "a non-resource URL path of the Kubernetes API"
    USER = "user", "an operating-system or Kubernetes user that is acted as"
    SECRET = "secret", "a secret by name"
    URL = "url", "an address that is fetched or sent to"
    TOOL = "tool", "a tool of a tool server"


class SqlVerb(Word):
    """The verb of a SQL statement, from its top-level form."""

    SELECT = "select", "SELECT, VALUES, TABLE (with INTO: still select, effects say create)"
    INSERT = "insert", "INSERT"
    UPDATE = "update", "UPDATE"
    DELETE = "delete", "DELETE"
    MERGE = "merge", "MERGE"
    TRUNCATE = "truncate", "TRUNCATE"
    CREATE = "create", "CREATE of any object, CREATE TABLE AS"
    ALTER = "alter", "ALTER of any object, RENAME"
    DROP = "drop", "DROP of any object"
    GRANT = "grant", "GRANT of privileges or roles, default privileges"
    REVOKE = "revoke", "REVOKE of privileges or roles"
    DENY = "deny", "T-SQL DENY"
    COPY_IN = "copy_in", "COPY … FROM"
    COPY_OUT = "copy_out", "COPY … TO"
    CALL = "call", "CALL of a procedure, T-SQL EXEC of a procedure"
    DO = "do", "an anonymous code block"
    SET = "set", "SET of a parameter, role or session authorization"
    RESET = "reset", "RESET"
    SHOW = "show", "SHOW, DESCRIBE"
    BEGIN = "begin", "BEGIN, START TRANSACTION"
    COMMIT = "commit", "COMMIT, END, RELEASE of a savepoint excluded"
    COMMIT_PREPARED = "commit_prepared", "PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED"
    ROLLBACK = "rollback", "ROLLBACK, ROLLBACK TO"
    SAVEPOINT = "savepoint", "SAVEPOINT, RELEASE"
    EXPLAIN = "explain", "EXPLAIN; the statement explained is a nested operation"
    PREPARE = "prepare", "PREPARE of a statement"
    EXECUTE = "execute", "EXECUTE of a prepared statement or of a string"
    DEALLOCATE = "deallocate", "DEALLOCATE"
    DECLARE = "declare", "DECLARE of a cursor or variable"
    FETCH = "fetch", "FETCH, MOVE"
    CLOSE = "close", "CLOSE of a cursor"
    LOCK = "lock", "LOCK TABLE"
    VACUUM = "vacuum", "VACUUM"
    ANALYZE = "analyze", "ANALYZE"
    COMMENT = "comment", "COMMENT, SECURITY LABEL"
    LISTEN = "listen", "LISTEN, UNLISTEN"
    NOTIFY = "notify", "NOTIFY"
    REFRESH = "refresh", "REFRESH MATERIALIZED VIEW"
    CLUSTER = "cluster", "CLUSTER"
    REINDEX = "reindex", "REINDEX"
    REASSIGN = "reassign", "REASSIGN OWNED"
    CHECKPOINT = "checkpoint", "CHECKPOINT"
    DISCARD = "discard", "DISCARD"
    LOAD = "load", "LOAD of a library"
    IMPORT = "import", "IMPORT FOREIGN SCHEMA, LOAD DATA"
    EXPORT = "export", "EXPORT, UNLOAD"
    USE = "use", "USE of a database, role or warehouse"
    REPLACE = "replace", "MySQL REPLACE"
    HANDLER = "handler", "MySQL HANDLER"
    ATTACH = "attach", "ATTACH of a database or partition"
    DETACH = "detach", "DETACH"
    PRAGMA = "pragma", "PRAGMA"
    SHUTDOWN = "shutdown", "SHUTDOWN, KILL of a server or a connection"
    IF = "if", "a procedural IF"
    WHILE = "while", "a procedural loop"
    REVERT = "revert", "T-SQL REVERT"
    OTHER = "other", "anything else; always opaque unless documented"


class KubernetesVerb(Word):
    """The verb of a Kubernetes API request, as the API server's authorizer sees it."""

    GET = "get", "one object is read"
    LIST = "list", "a collection is read"
    WATCH = "watch", "changes are followed"
    CREATE = "create", "an object is created"
    UPDATE = "update", "an object is replaced"
    PATCH = "patch", "an object is changed in part"
    DELETE = "delete", "one object is deleted"
    DELETECOLLECTION = "deletecollection", "a collection is deleted"
    CONNECT = "connect", "a connection to exec, attach, portforward or proxy"
    OTHER = "other", "no API request (see flags no_request, plugin, proxy_server), or a non-resource request"


class ShellVerb(Word):
    """What one operation of a shell text is."""

    EXEC = "exec", "a program or builtin runs"
    REDIRECT = "redirect", "a redirection without a command"
    ASSIGN = "assign", "an assignment without a command"
    DEFINE = "define", "a function or alias is defined"
    OTHER = "other", "not understood"


class SqlFlag(Word):
    """Facts about a SQL text that policies test for."""

    NO_WHERE = "no_where", "an UPDATE or DELETE anywhere without a WHERE clause"
    MULTI_STATEMENT = "multi_statement", "more than one statement in the text"
    EXECUTES_PROGRAM = "executes_program", "the server would run a program (COPY … PROGRAM, xp_cmdshell)"
    READS_SERVER_FILE = "reads_server_file", "the server would read one of its files"
    WRITES_SERVER_FILE = "writes_server_file", "the server would write one of its files"
    PRIVILEGE_CHANGE = (
        "privilege_change",
        "GRANT, REVOKE, roles, default privileges, ownership, row security",
    )
    ROLE_CHANGE = "role_change", "SET ROLE, SESSION AUTHORIZATION, set_config('role'), impersonation"
    DDL = (
        "ddl",
        "PostgreSQL's own notion of DDL without GRANT and REVOKE; SELECT INTO, CTAS and COMMENT included",
    )
    DYNAMIC_SQL = "dynamic_sql", "DO, EXEC of a string, SQL text passed to a function"
    DML_IN_CTE = "dml_in_cte", "INSERT, UPDATE, DELETE or MERGE inside WITH"
    LEXER_CHANGE = "lexer_change", "a setting that changes how later text is read"
    UNPARSED = "unparsed", "a part was not parsed"


class ShellFlag(Word):
    """Facts about a shell text that policies test for."""

    PRIVILEGE_ELEVATION = "privilege_elevation", "sudo, su, runuser, doas"
    DOWNLOADS_AND_EXECUTES = "downloads_and_executes", "fetched data is executed in the same text"
    INLINE_CODE = (
        "inline_code",
        "a shell -c/eval/trap text, here-document, here-string or pipe into a shell, python/perl/… -c/-e, any awk program",
    )
    NETWORK = "network", "network clients by name, git remotes, /dev/tcp"
    BACKGROUND = "background", "`&` or coproc"
    DESTRUCTIVE_RM = "destructive_rm", "rm with -r, -R or --recursive, also inside inline code or wrappers"
    SUBSTITUTION = "substitution", "$( ), backticks, <( ) or >( ) that is expanded"
    PARSE_ERROR = "parse_error", "the text is not fully understood; all of it is refused"
    SENSITIVE_ASSIGNMENT = (
        "sensitive_assignment",
        "PATH, LD_*, BASH_ENV, PROMPT_COMMAND, PAGER, GIT_*, IFS and the like are assigned",
    )


class KubernetesFlag(Word):
    """Facts about a kubectl line or API request that policies test for."""

    ALL_NAMESPACES = "all_namespaces", "every namespace is addressed"
    ALL = "all", "--all: every object of a kind"
    SELECTOR = "selector", "objects are chosen by label"
    FIELD_SELECTOR = "field_selector", "objects are chosen by field"
    FORCE = "force", "--force"
    GRACE_PERIOD_ZERO = "grace_period_zero", "deleted without a grace period"
    CASCADE_ORPHAN = "cascade_orphan", "dependants are left behind"
    PRUNE = "prune", "objects not in the applied set are deleted"
    FROM_FILE = "from_file", "the objects stand in a file: unknown unless the file may be read"
    KUSTOMIZE = "kustomize", "the objects come from a kustomization"
    RECURSIVE = "recursive", "-R: a folder of files"
    REMOTE_FILE = "remote_file", "the file is fetched from an address"
    STDIN = "stdin", "the objects come from standard input"
    RAW = "raw", "--raw: the path is given as such"
    WATCH = "watch", "changes are followed"
    SECRET_READ = "secret_read", "the content of a Secret is read, or a token is made"
    MULTI_RESOURCE = "multi_resource", "more than one kind of resource"
    MULTI_NAME = "multi_name", "more than one object by name"
    DRY_RUN_CLIENT = "dry_run_client", "nothing that changes is sent"
    DRY_RUN_SERVER = "dry_run_server", "the server checks but does not persist"
    INTERACTIVE_TTY = "interactive_tty", "a terminal in a container"
    PRIVILEGED = (
        "privileged",
        "a privileged container, host namespace, host path, or a capability that reaches the host",
    )
    IMPERSONATE = "impersonate", "the request acts as somebody else"
    CONTEXT_OVERRIDE = "context_override", "another context, cluster or user of the kubeconfig"
    KUBECONFIG_OVERRIDE = "kubeconfig_override", "another kubeconfig file"
    SERVER_OVERRIDE = "server_override", "another API server"
    TOKEN_OVERRIDE = "token_override", "other credentials on the command line"
    INSECURE_SKIP_TLS = "insecure_skip_tls", "the server's certificate is not checked"
    PLUGIN = "plugin", "a kubectl plugin or alias: a local program runs"
    NO_REQUEST = "no_request", "no API request is sent"
    PROXY_SERVER = "proxy_server", "kubectl proxy opens an unauthenticated door"
    BIND_ALL = "bind_all", "a local port is opened on every address"


class Verdict(Word):
    """The answer; a stronger one wins: deny > approve > mask > allow."""

    ALLOW = "allow", "the action may run as it is"
    MASK = "mask", "the action may run; the listed parts of its result must be masked"
    APPROVE = "approve", "somebody else must approve first; without a valid grant it must not run"
    DENY = "deny", "the action must not run"


VERBS: dict[Protocol, frozenset[str]] = {
    Protocol.SQL: frozenset(SqlVerb),
    Protocol.KUBERNETES: frozenset(KubernetesVerb),
    Protocol.SHELL: frozenset(ShellVerb),
    Protocol.HTTP: frozenset(),
    Protocol.MCP: frozenset(),
}
FLAGS: dict[Protocol, frozenset[str]] = {
    Protocol.SQL: frozenset(SqlFlag),
    Protocol.KUBERNETES: frozenset(KubernetesFlag),
    Protocol.SHELL: frozenset(ShellFlag),
    Protocol.HTTP: frozenset(),
    Protocol.MCP: frozenset(),
}
ALL_VERBS = frozenset().union(*VERBS.values())
ALL_FLAGS = frozenset().union(*FLAGS.values())
EFFECTS = frozenset(Effect)
