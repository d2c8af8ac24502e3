"""The vocabularies are closed, documented, and the ones that the design names."""

from __future__ import annotations

import pytest

from policy_engine.documents.decision import ReasonCode
from policy_engine.documents.problems import ProblemCode
from policy_engine.documents.vocabulary import (
    Access,
    Effect,
    KubernetesFlag,
    KubernetesVerb,
    Protocol,
    ResourceKind,
    ShellFlag,
    ShellVerb,
    SqlFlag,
    SqlVerb,
    Verdict,
    Word,
)

# Written from the design, not from the enums.
DESIGNED: dict[type[Word], str] = {
    Protocol: "sql kubernetes shell http mcp",
    Effect: "read create update delete define grant assume execute transfer configure session unknown",
    Access: "read write execute",
    Verdict: "allow mask approve deny",
    SqlVerb: (
        "select insert update delete merge truncate create alter drop grant revoke deny copy_in copy_out call do set "
        "reset show begin commit commit_prepared rollback savepoint explain prepare execute deallocate declare fetch "
        "close lock vacuum analyze comment listen notify refresh cluster reindex reassign checkpoint discard load "
        "import export use replace handler attach detach pragma shutdown if while revert other"
    ),
    KubernetesVerb: "get list watch create update patch delete deletecollection connect other",
    ShellVerb: "exec redirect assign define other",
    SqlFlag: (
        "no_where multi_statement executes_program reads_server_file writes_server_file privilege_change role_change "
        "ddl dynamic_sql dml_in_cte lexer_change unparsed"
    ),
    ShellFlag: (
        "privilege_elevation downloads_and_executes inline_code network background destructive_rm substitution "
        "parse_error sensitive_assignment"
    ),
    KubernetesFlag: (
        "all_namespaces all selector field_selector force grace_period_zero cascade_orphan prune from_file kustomize "
        "recursive remote_file stdin raw watch secret_read multi_resource multi_name dry_run_client dry_run_server "
        "interactive_tty privileged impersonate context_override kubeconfig_override server_override token_override "
        "insecure_skip_tls plugin no_request proxy_server bind_all"
    ),
}


@pytest.mark.parametrize("words", DESIGNED, ids=lambda words: words.__name__)
def test_a_vocabulary_has_exactly_the_designed_words(words: type[Word]) -> None:
    assert {word.value for word in words} == set(DESIGNED[words].split())


@pytest.mark.parametrize(
    "words", [*DESIGNED, ResourceKind, ProblemCode, ReasonCode], ids=lambda w: w.__name__
)
def test_every_word_has_a_meaning(words: type[Word]) -> None:
    assert all(len(word.meaning) > 3 for word in words)
