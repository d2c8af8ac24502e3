package sod.coverage_test

import data.sod.coverage
import rego.v1

duties := {
	"read-shop": {
		"covers": [{"protocols": ["sql"], "effects": ["read"], "verbs": ["explain", "select"], "resources": ["public.*"]}],
		"holders": {"groups": ["analyst"], "agents": ["exec-*"]},
	},
	"write-orders": {
		"covers": [{"effects": ["create", "delete", "update"], "resources": ["public.orders"], "environments": ["staging"]}],
		"holders": {"groups": ["clerk"]},
	},
	"session": {"covers": [{"effects": ["session"]}], "holders": {"groups": ["analyst"]}},
	"create-anywhere": {"covers": [{"effects": ["create"], "resources": ["*"]}], "holders": {"groups": ["creator"]}},
	"wipe \"all\", ☂": {
		"covers": [{"effects": ["delete"], "resources": ["public.*"], "flags": ["no_where"]}],
		"holders": {"groups": ["wiper"]},
	},
	"run-anything": {
		"covers": [{"effects": ["execute", "read", "unknown"], "opaque": true}],
		"holders": {"groups": ["operator"]},
	},
}

table(name, access) := {"kind": "table", "name": name, "access": access}

operation(verb, effects, resources) := {
	"verb": verb, "effects": effects, "resources": resources, "flags": [], "opaque": false,
}

read_orders := operation("select", ["read"], [table("public.orders", "read")])

read_staff := operation("select", ["read"], [table("hr.staff", "read")])

begin := operation("begin", ["session"], [])

wipe := {
	"verb": "delete", "effects": ["delete"], "resources": [table("public.orders", "write")],
	"flags": ["no_where"], "opaque": false,
}

opaque_read := {
	"verb": "select", "effects": ["read"], "resources": [table("public.orders", "read")], "flags": [], "opaque": true,
}

copy_orders := operation("insert", ["create", "read"], [table("public.orders", "write"), table("public.items", "read")])

by(groups, operations) := {
	"identity": {"subject": "ana", "actor": "ana", "depth": 0, "groups": groups, "conflict_set": ["ana"]},
	"action": {"protocol": "sql", "operations": operations, "flags": [], "opaque": false},
	"context": {"environment": "staging"},
}

# The same with the action's own flags and opacity.
by_text(groups, operations, flags, opaque) := {
	"identity": {"subject": "ana", "actor": "ana", "depth": 0, "groups": groups, "conflict_set": ["ana"]},
	"action": {"protocol": "sql", "operations": operations, "flags": flags, "opaque": opaque},
	"context": {"environment": "staging"},
}

elsewhere(environment, groups, operations) := {
	"identity": {"subject": "ana", "actor": "ana", "depth": 0, "groups": groups, "conflict_set": ["ana"]},
	"action": {"protocol": "sql", "operations": operations, "flags": [], "opaque": false},
	"context": {"environment": environment},
}

through(actor, operations) := {
	"identity": {"subject": "ana", "actor": actor, "depth": 1, "groups": ["analyst"], "conflict_set": ["ana", actor]},
	"action": {"protocol": "sql", "operations": operations, "flags": [], "opaque": false},
	"context": {"environment": "staging"},
}

messages contains hint.message if some hint in coverage.hint

test_what_a_held_duty_covers_is_allowed if {
	given := duties
	request := by(["analyst"], [read_orders])
	coverage.allow == {{"rule": "sod.coverage", "message": "covered by read-shop", "opaque": false}} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	count(coverage.hint) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_what_nobody_holds_is_not if {
	given := duties
	request := by([], [read_orders])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	messages == {"no duty held by ana covers read of table public.orders; held: none"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_an_action_without_operations_is_not_covered if {
	given := duties
	request := by(["analyst", "clerk", "creator", "operator"], [])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_another_table_is_not_covered if {
	given := duties
	request := by(["analyst"], [read_staff])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	messages == {"no duty held by ana covers read of table hr.staff; held: read-shop, session"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_an_unqualified_name_is_not_covered_by_a_qualified_pattern if {
	given := duties
	request := by(["analyst"], [operation("select", ["read"], [table("orders", "read")])])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_every_operation_must_be_covered_nested_ones_too if {
	given := duties
	request := by(["analyst"], [read_orders, object.union(wipe, {"parent": 0})])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by(["analyst", "wiper"], [read_orders, object.union(wipe, {"parent": 0})])
	count(coverage.allow) == 1 with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_every_resource_must_be_covered if {
	given := duties
	request := by(["analyst"], [operation("select", ["read"], [table("public.orders", "read"), table("hr.staff", "read")])])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_an_operation_without_resources_needs_a_cover_without_resources if {
	given := duties
	request := by(["analyst"], [begin])
	count(coverage.allow) == 1 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by(["creator"], [operation("create", ["create"], [])])
	count(coverage.allow) == 0 with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
	messages == {"no duty held by ana covers create of create (no resource); held: create-anywhere"} with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_protocol_verb_and_environment_must_fit if {
	given := duties
	request := by(["analyst"], [operation("lock", ["read"], [table("public.orders", "read")])])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := json.patch(by(["analyst"], [read_orders]), [{"op": "replace", "path": "/action/protocol", "value": "shell"}])
	count(coverage.allow) == 0 with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
	request3 := elsewhere("staging", ["clerk"], [operation("insert", ["create"], [table("public.orders", "write")])])
	count(coverage.allow) == 1 with input.identity as request3.identity with input.action as request3.action with input.context as request3.context with data.sod.duties as given
	request4 := elsewhere("prod", ["clerk"], [operation("insert", ["create"], [table("public.orders", "write")])])
	count(coverage.allow) == 0 with input.identity as request4.identity with input.action as request4.action with input.context as request4.context with data.sod.duties as given
}

test_an_unknown_environment_is_not_covered_by_one_that_is_named if {
	given := duties
	request := elsewhere("", ["clerk"], [operation("insert", ["create"], [table("public.orders", "write")])])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_the_target_needs_the_writing_effects_and_the_source_reading if {
	given := duties
	request := by(["clerk"], [copy_orders])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	messages == {"no duty held by ana covers read of table public.items; held: write-orders"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	others := object.union(duties, {"reader": {"covers": [{"effects": ["read"], "resources": ["public.items"]}], "holders": {"groups": ["clerk"]}}})
	coverage.covering == {"reader", "write-orders"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as others
}

# DELETE … USING b: the parser names the effect on the target only; b is read all the same.
test_a_table_that_is_only_read_always_needs_reading if {
	given := duties
	request := by(["clerk", "creator"], [operation("delete", ["delete"], [table("public.orders", "write"), table("hr.staff", "read")])])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_a_target_needs_a_cover_even_when_only_reading_is_named if {
	given := duties
	request := by(["analyst", "creator"], [operation("select", ["read"], [table("public.orders", "read"), table("hr.copy", "write")])])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_effects_of_one_resource_are_not_put_together_from_several_duties if {
	given := duties
	request := by(["creator", "wiper"], [operation("merge", ["create", "delete"], [table("public.orders", "write")])])
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_nothing_is_touched_for_nothing if {
	given := duties
	request := by(["analyst"], [operation("explain", [], [table("hr.staff", "read")])])
	messages == {"no duty held by ana covers read of table hr.staff; held: read-shop, session"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by(["analyst"], [operation("explain", [], [table("hr.staff", "write")])])
	messages == {"no duty held by ana covers update of table hr.staff; held: read-shop, session"} with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
	request3 := by(["analyst"], [operation("explain", [], [table("hr.staff", "execute")])])
	messages == {"no duty held by ana covers execute of table hr.staff; held: read-shop, session"} with input.identity as request3.identity with input.action as request3.action with input.context as request3.context with data.sod.duties as given
}

test_an_operation_without_effects_and_resources_still_needs_a_duty if {
	given := duties
	request := by(["analyst"], [operation("close", [], [])])
	count(coverage.allow) == 1 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by([], [operation("close", [], [])])
	messages == {"no duty held by ana covers use of close (no resource); held: none"} with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_a_risky_flag_must_be_listed if {
	given := duties
	request := by(["wiper"], [wipe])
	count(coverage.allow) == 1 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by(["clerk"], [wipe])
	count(coverage.allow) == 0 with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
	messages == {"no duty held by ana covers delete of table public.orders (no_where); held: write-orders"} with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_a_risky_flag_of_the_whole_text_must_be_listed if {
	given := duties
	request := by_text(["analyst"], [read_orders], ["lexer_change"], false)
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by_text(["analyst"], [read_orders], ["multi_statement"], false)
	count(coverage.allow) == 1 with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_a_flag_of_one_operation_is_not_the_next_ones if {
	given := duties
	request := by_text(["analyst", "wiper"], [wipe, read_orders], ["no_where"], false)
	count(coverage.allow) == 1 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_an_opaque_operation_needs_a_cover_that_says_so if {
	given := duties
	request := by_text(["analyst"], [opaque_read], [], true)
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by_text(["operator"], [opaque_read], [], true)
	{member.opaque | some member in coverage.allow} == {true} with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_a_text_not_fully_understood_needs_it_too if {
	given := duties
	request := by_text(["analyst"], [read_orders], [], true)
	count(coverage.allow) == 0 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := by_text(["operator"], [read_orders], [], true)
	count(coverage.allow) == 1 with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_an_opaque_neighbour_asks_nothing_of_the_others if {
	given := duties
	request := by_text(["analyst", "operator"], [operation("explain", ["read"], [table("public.orders", "read")]), opaque_read], [], true)
	count(coverage.allow) == 1 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_a_delegate_is_covered_where_the_duty_lists_it if {
	given := duties
	request := through("exec-1", [read_orders])
	count(coverage.allow) == 1 with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
	request2 := through("planner", [read_orders])
	messages == {"no duty held by ana through planner covers read of table public.orders; held: none"} with input.identity as request2.identity with input.action as request2.action with input.context as request2.context with data.sod.duties as given
}

test_odd_names_of_duties_are_shown_as_they_are if {
	given := duties
	request := by(["wiper"], [wipe])
	{member.message | some member in coverage.allow} == {"covered by wipe \"all\", ☂"} with input.identity as request.identity with input.action as request.action with input.context as request.context with data.sod.duties as given
}

test_what_is_written_is_updated_whatever_the_effects_say if {
	written := [table("public.orders", "write")]
	coverage.required(operation("x", ["read"], written), written[0]) == {"read", "update"}
	coverage.required(operation("x", ["delete"], written), written[0]) == {"delete"}
	coverage.required(operation("x", ["session"], written), written[0]) == {"session"}
}

test_a_program_runs_and_the_file_is_written if {
	program := {"kind": "program", "name": "cat", "access": "execute"}
	written := {"kind": "file", "name": "/b", "access": "write"}
	read := {"kind": "file", "name": "/a", "access": "read"}
	cat := operation("exec", ["read", "update"], [program, read, written])
	coverage.required(cat, program) == {"execute"}
	coverage.required(cat, written) == {"update"}
	coverage.required(cat, read) == {"read"}
	sudo := operation("exec", ["assume", "update"], [program, written])
	coverage.required(sudo, program) == {"assume", "execute"}
	restart := operation("exec", ["configure"], [program])
	coverage.required(restart, program) == {"configure"}
}
