package sod.requester_test

import data.sod.requester
import rego.v1

duties := {
	"deploy": {"covers": [{"effects": ["read", "session", "update"], "resources": ["public.*"], "flags": ["no_where"]}], "holders": {"groups": ["ci"]}},
	"export": {"covers": [{"effects": ["read"], "resources": ["hr.*"]}], "holders": {"groups": ["hr"]}},
	"free": {"covers": [{"effects": ["delete"], "resources": ["public.*"]}], "holders": {"groups": ["ci"]}},
}

conflicts := {
	"asked": {"kind": "requester", "duties": ["deploy", "export"]},
	"apart": {"kind": "role", "duties": ["deploy", "free"]},
}

operation(verb, effect, name, access) := {
	"verb": verb, "effects": [effect], "flags": [], "opaque": false,
	"resources": [{"kind": "table", "name": name, "access": access}],
}

change := operation("update", "update", "public.orders", "write")

opaque := {"verb": "other", "effects": ["unknown"], "flags": [], "opaque": true, "resources": []}

carrying(what, plan) := {
	"identity": {"subject": "ana", "actor": "exec-1", "depth": 1, "groups": ["ci"], "conflict_set": ["Anna.Second", "ana", "exec-1", "owner-of-exec"]},
	"action": {"protocol": "sql", "operations": [what], "flags": [], "opaque": what.opaque, "digest": "sha256:1"},
	"context": {"environment": "prod", "plan": plan},
}

plan_of(person) := {"id": "P-7", "requested_by": person, "action_digests": ["sha256:0", "sha256:1"]}

messages contains member.message if some member in requester.deny

test_another_persons_plan_may_be_carried_out if {
	given := duties
	rules := conflicts
	request := carrying(change, plan_of("eve"))
	count(requester.deny) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_without_a_plan_it_may_not if {
	given := duties
	rules := conflicts
	request := carrying(change, null)
	messages == {"conflict asked: this needs a plan that somebody else requested; none was given"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_ones_own_plan_may_not_be_carried_out if {
	given := duties
	rules := conflicts
	request := carrying(change, plan_of("ana"))
	messages == {"conflict asked: plan P-7 was requested by ana, who must not also carry it out"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_nor_that_of_anybody_who_counts_as_the_executor if {
	given := duties
	rules := conflicts
	every person in ["exec-1", "owner-of-exec", "anna.second", "ANA"] {
		request := carrying(change, plan_of(person))
		count(requester.deny) == 1 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
	}
}

test_a_plan_must_hold_the_very_action if {
	given := duties
	rules := conflicts
	request := carrying(change, {"id": "P-7", "requested_by": "eve", "action_digests": ["sha256:2"]})
	messages == {"conflict asked: the action is not part of plan P-7"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
	empty := carrying(change, {"id": "P-7", "requested_by": "eve", "action_digests": []})
	messages == {"conflict asked: the action is not part of plan P-7"} with input.identity as empty.identity with input.action as empty.action with input.context as empty.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_a_plan_must_say_who_requested_it if {
	given := duties
	rules := conflicts
	request := carrying(change, plan_of(""))
	messages == {"conflict asked: plan P-7 doesn't say who requested it"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_merely_reading_is_no_use_of_a_duty_that_changes_things if {
	given := duties
	rules := conflicts
	request := carrying(operation("select", "read", "public.orders", "read"), null)
	count(requester.deny) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_reading_is_the_use_of_a_duty_that_only_reads if {
	given := duties
	rules := conflicts
	request := carrying(operation("select", "read", "hr.staff", "read"), null)
	{member.duty | some member in requester.deny} == {"export"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

# Holding another duty that covers the same is no way around.
test_it_does_not_matter_which_duty_the_executor_holds if {
	given := duties
	rules := conflicts
	request := carrying(change, null)
	nobody := {"subject": "root", "actor": "root", "depth": 0, "groups": [], "conflict_set": ["root"]}
	count(requester.deny) == 1 with input.identity as nobody with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_actions_of_other_duties_need_no_plan if {
	given := duties
	rules := conflicts
	request := carrying(operation("delete", "delete", "public.orders", "write"), null)
	count(requester.deny) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}

test_what_cannot_be_known_needs_a_plan if {
	given := duties
	rules := conflicts
	request := carrying(opaque, null)
	messages == {"conflict asked: what can't be known for certain needs a plan that somebody else requested; none was given"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given with data.sod.conflicts as rules
}
