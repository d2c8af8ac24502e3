package policy_test

import data.policy
import rego.v1

duties := {"purge": {"covers": [{"effects": ["delete", "read"], "resources": ["public.*"]}], "holders": {"groups": ["dba"]}}}

masks := {"email": {"columns": ["public.customers.email"], "method": "null"}}

approvals := {"destroy": {"when": {"effects": ["delete"]}, "approvers": [{"groups": ["lead"]}]}}

conflicts := {"asked": {"kind": "requester", "duties": ["purge"]}, "apart": {"kind": "role", "duties": ["purge", "purge-too"]}}

both := object.union(duties, {"purge-too": duties.purge})

identity(groups) := {"subject": "ana", "actor": "ana", "depth": 0, "groups": groups, "conflict_set": ["ana"]}

delete := {
	"verb": "delete", "effects": ["delete"], "flags": [], "opaque": false, "parent": null,
	"resources": [{"kind": "table", "name": "public.customers", "access": "write"}],
	"detail": {"columns_out": [{"name": "e", "sources": ["public.customers.email"], "exact": true}], "predicate_columns": ["public.customers.email"]},
}

action := {"protocol": "sql", "operations": [delete], "flags": [], "opaque": false, "digest": "sha256:1"}

context := {"environment": "prod", "plan": null}

# The rules that speak in each set, for a requester of these groups.
said(groups) := rules if {
	who := identity(groups)
	what := action
	where := context
	d := both
	c := conflicts
	m := masks
	a := approvals
	rules := {
		"deny": {member.rule | some member in policy.deny}, "approve": {member.rule | some member in policy.approve},
		"mask": {member.rule | some member in policy.mask}, "allow": {member.rule | some member in policy.allow},
		"hint": {member.rule | some member in policy.hint},
	} with input.identity as who with input.action as what with input.context as where with input.grants as [] with data.sod.duties as d with data.sod.conflicts as c with data.sod.masks as m with data.sod.approvals as a
}

test_every_part_of_the_library_speaks if {
	said(["dba"]) == {
		"deny": {"sod.masking", "sod.requester", "sod.separation"}, "approve": {"sod.approval"},
		"mask": {"sod.masking"}, "allow": {"sod.coverage"}, "hint": set(),
	}
}

test_what_nothing_allows_is_not_worth_an_approval if {
	told := said([])
	told.approve == set()
	told.allow == set()
	told.hint == {"sod.coverage"}
}

test_what_a_teams_own_rule_allows_still_needs_the_approval if {
	who := identity([])
	what := action
	where := context
	a := approvals
	own := {{"rule": "team", "message": "ours"}}
	count(policy.approve) == 1 with policy.allow as own with input.identity as who with input.action as what with input.context as where with input.grants as [] with data.sod.approvals as a with data.sod.duties as {}
}
