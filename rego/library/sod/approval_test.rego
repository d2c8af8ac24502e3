package sod.approval_test

import data.sod.approval
import rego.v1

# Lead and security must both agree when data is deleted; a change of schema needs a lead.
approvals := {
	"delete \"it\"": {
		"description": "deleting needs two", "when": {"effects": ["delete"]}, "expires_in": 600, "max_uses": 2,
		"approvers": [{"groups": ["lead"], "count": 1}, {"groups": ["security"]}],
	},
	"define": {"when": {"effects": ["define"]}, "approvers": [{"groups": ["lead"]}]},
}

# Three entries with overlapping groups.
three := {"three": {"when": {}, "approvers": [
	{"groups": ["a", "b"], "count": 1}, {"groups": ["b", "c"], "count": 1}, {"groups": ["a", "c"], "count": 1},
]}}

pair := {"pair": {"when": {}, "approvers": [{"groups": ["lead"], "count": 2}]}}

operation(verb, effects, opaque) := {
	"verb": verb, "effects": effects, "flags": [], "opaque": opaque,
	"resources": [{"kind": "table", "name": "public.orders", "access": "write"}],
}

asking(effects, opaque, grants) := {
	"identity": {"subject": "ana", "actor": "exec-1", "depth": 1, "groups": [], "conflict_set": ["ana", "ana-2", "exec-1", "owner"]},
	"action": {"protocol": "sql", "operations": [operation("other", effects, opaque)], "flags": [], "opaque": opaque},
	"context": {"environment": "prod", "plan": null},
	"grants": grants,
}

grant(votes) := {"id": "g", "requested_by": "ana", "approvals": votes}

human(person, groups) := {"person": person, "groups": groups, "kind": "human"}

# Whether these votes, on one grant, satisfy the rules.
good(rules, votes) if {
	request := asking(["delete"], false, [grant(votes)])
	approval.granted with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_what_is_not_destructive_needs_nobody if {
	rules := approvals
	request := asking(["read"], false, [])
	count(approval.approve) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_a_destructive_action_asks_for_its_approvers if {
	rules := approvals
	request := asking(["delete"], false, [])
	approval.approve == {{
		"rule": "sod.approval", "message": "delete \"it\": deleting needs two",
		"approvers": [{"groups": ["lead"], "count": 1}, {"groups": ["security"]}],
		"expires_in": 600, "max_uses": 2, "opaque": false,
	}} with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_what_a_rule_leaves_out_has_defaults if {
	rules := approvals
	request := asking(["define"], false, [])
	approval.approve == {{
		"rule": "sod.approval", "message": "define: somebody else must approve this",
		"approvers": [{"groups": ["lead"]}], "expires_in": 3600, "max_uses": 1, "opaque": false,
	}} with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_what_cannot_be_known_triggers_every_rule if {
	rules := approvals
	request := asking(["read"], true, [])
	approval.triggered == {"delete \"it\"", "define"} with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
	{member.opaque | some member in approval.approve} == {true} with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_a_satisfied_grant_ends_the_asking if {
	rules := approvals
	request := asking(["delete"], false, [grant([human("lea", ["lead"]), human("sam", ["security"])])])
	count(approval.approve) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_each_entry_needs_its_own_person if {
	good(approvals, [human("lea", ["lead"]), human("sam", ["security"])])
	not good(approvals, [human("lea", ["lead"])])
	not good(approvals, [human("lea", ["lead"]), human("tom", ["lead"])])
	not good(approvals, [human("lea", ["other"]), human("sam", ["security"])])
	not good(approvals, [])
}

test_one_person_in_two_groups_counts_once if {
	not good(approvals, [human("lea", ["lead", "security"])])
	not good(approvals, [human("lea", ["lead"]), human("lea", ["security"])])
	not good(approvals, [human("lea", ["lead"]), human("Lea", ["security"])])
	good(approvals, [human("lea", ["lead", "security"]), human("tom", ["lead"])])
}

test_two_of_a_group_are_two_persons if {
	not good(pair, [human("lea", ["lead"])])
	not good(pair, [human("lea", ["lead"]), human("lea", ["lead"])])
	good(pair, [human("lea", ["lead"]), human("tom", ["lead"])])
}

test_the_executor_and_whoever_counts_as_them_cannot_approve if {
	count([person | some person in ["ana", "ANA", "ana-2", "exec-1", "owner"]; good(approvals, [human(person, ["lead"]), human("sam", ["security"])])]) == 0
}

test_agents_and_services_cannot_approve if {
	count([kind | some kind in ["agent", "service"]; good(approvals, [{"person": "bot", "groups": ["lead"], "kind": kind}, human("sam", ["security"])])]) == 0
}

test_the_requester_of_a_grant_cannot_approve_it if {
	rules := approvals
	votes := [human("Lea", ["lead"]), human("sam", ["security"])]
	request := asking(["delete"], false, [{"id": "g", "requested_by": "lea", "approvals": votes}])
	not approval.granted with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_the_requester_of_the_plan_cannot_approve_it if {
	rules := approvals
	votes := [human("lea", ["lead"]), human("sam", ["security"])]
	request := asking(["delete"], false, [grant(votes)])
	own := {"environment": "prod", "plan": {"id": "p", "requested_by": "Sam", "action_digests": []}}
	other := {"environment": "prod", "plan": {"id": "p", "requested_by": "eve", "action_digests": []}}
	not approval.granted with input.identity as request.identity with input.action as request.action with input.context as own with input.grants as request.grants with data.sod.approvals as rules
	approval.granted with input.identity as request.identity with input.action as request.action with input.context as other with input.grants as request.grants with data.sod.approvals as rules
}

test_two_halves_of_two_grants_are_no_whole if {
	rules := approvals
	request := asking(["delete"], false, [grant([human("lea", ["lead"])]), grant([human("sam", ["security"])])])
	not approval.granted with input.identity as request.identity with input.action as request.action with input.context as request.context with input.grants as request.grants with data.sod.approvals as rules
}

test_overlapping_groups_need_as_many_persons_as_entries if {
	good(three, [human("x", ["a"]), human("y", ["b"]), human("z", ["c"])])
	good(three, [human("x", ["a", "b", "c"]), human("y", ["b"]), human("z", ["b"])])
	good(three, [human("x", ["a", "b", "c"]), human("y", ["b"]), human("z", ["c"])])
	not good(three, [human("x", ["a", "b", "c"]), human("y", ["a", "b", "c"])])
}

# The first and second entries can only be met by x and y, who are then missing for the third.
test_every_choice_of_entries_needs_enough_persons if {
	rules := {"r": {"when": {}, "approvers": [
		{"groups": ["a"], "count": 1}, {"groups": ["b"], "count": 1}, {"groups": ["a", "b"], "count": 1}, {"groups": ["c"], "count": 1},
	]}}
	not good(rules, [human("x", ["a"]), human("y", ["b"]), human("z", ["c"]), human("w", ["c"])])
	good(rules, [human("x", ["a"]), human("y", ["b"]), human("z", ["c"]), human("w", ["b"])])
}

test_rules_that_ask_alike_ask_once if {
	rules := {
		"one": {"when": {}, "approvers": [{"groups": ["lead", "boss"]}]},
		"two": {"when": {}, "approvers": [{"groups": ["boss", "lead"], "count": 1}]},
	}
	good(rules, [human("lea", ["lead"])])
	not good(rules, [human("lea", ["other"])])
}

many(count_of) := {"many": {"when": {}, "approvers": [{"groups": [concat("", ["g", format_int(index, 10)])], "count": 1} |
	some index in numbers.range(1, count_of)
]}}

votes_for(count_of) := [human(concat("", ["p", format_int(index, 10)]), [concat("", ["g", format_int(index, 10)])]) |
	some index in numbers.range(1, count_of)
]

test_more_entries_than_can_be_searched_are_never_satisfied if {
	good(many(4), votes_for(4))
	not good(many(11), votes_for(11))
}
