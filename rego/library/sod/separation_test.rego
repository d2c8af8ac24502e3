package sod.separation_test

import data.sod.separation
import rego.v1

duties := {
	"pay": {"covers": [{"effects": ["update"], "resources": ["public.payments"], "flags": ["no_where"]}], "holders": {"groups": ["clerk"]}},
	"approve \"it\"": {"covers": [{"effects": ["create"], "resources": ["public.approvals"], "environments": ["prod"]}], "holders": {"subjects": ["Bob"]}},
	"look": {"covers": [{"effects": ["read"], "resources": ["public.*"]}], "holders": {"groups": ["clerk"]}},
}

conflicts := {
	"four-eyes": {"kind": "role", "duties": ["pay", "approve \"it\""]},
	"asked": {"kind": "requester", "duties": ["pay", "look"]},
}

pay := {
	"verb": "update", "effects": ["update"], "flags": [], "opaque": false,
	"resources": [{"kind": "table", "name": "public.payments", "access": "write"}],
}

approve := {
	"verb": "insert", "effects": ["create"], "flags": [], "opaque": false,
	"resources": [{"kind": "table", "name": "public.approvals", "access": "write"}],
}

look := {
	"verb": "select", "effects": ["read"], "flags": [], "opaque": false,
	"resources": [{"kind": "table", "name": "public.payments", "access": "read"}],
}

opaque := {"verb": "other", "effects": ["unknown"], "flags": [], "opaque": true, "resources": []}

by(subject, groups, conflict_set, operation) := {
	"identity": {"subject": subject, "actor": subject, "depth": 0, "groups": groups, "conflict_set": conflict_set},
	"action": {"protocol": "sql", "operations": [operation], "flags": [], "opaque": operation.opaque},
	"context": {"environment": "prod"},
}

duties_used contains member.duty if some member in separation.deny

test_who_combines_two_duties_may_use_neither if {
	given := duties
	rules := conflicts
	paying := by("Bob", ["clerk"], ["Bob"], pay)
	approving := by("Bob", ["clerk"], ["Bob"], approve)
	duties_used == {"pay"} with input.identity as paying.identity with input.action as paying.action with input.context as paying.context with data.sod.duties as given with data.sod.conflicts as rules
	duties_used == {"approve \"it\""} with input.identity as approving.identity with input.action as approving.action with input.context as approving.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_the_message_names_conflict_duties_and_subject if {
	given := duties
	rules := conflicts
	request := by("Bob", ["clerk"], ["Bob"], pay)
	{member.message | some member in separation.deny} == {"conflict four-eyes: nobody may combine approve \"it\" and pay, and Bob does; use an identity that holds only one"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_who_holds_one_of_them_may_use_it if {
	given := duties
	rules := conflicts
	request := by("eve", ["clerk"], ["eve"], pay)
	count(separation.deny) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_a_second_account_or_a_chain_member_combines_too if {
	given := duties
	rules := conflicts
	request := by("eve", ["clerk"], ["bob", "eve"], pay)
	duties_used == {"pay"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_other_actions_stay_open if {
	given := duties
	rules := conflicts
	request := by("Bob", ["clerk"], ["Bob"], look)
	count(separation.deny) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_what_cannot_be_known_uses_both if {
	given := duties
	rules := conflicts
	request := by("Bob", ["clerk"], ["Bob"], opaque)
	duties_used == {"pay", "approve \"it\""} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

# `flags` of a cover says what it tolerates, not what it is about.
test_a_tolerated_flag_need_not_occur if {
	given := duties
	request := by("Bob", ["clerk"], ["Bob"], pay)
	separation.exercised("pay") with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	not separation.exercised("approve \"it\"") with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}
