package sod.masking_test

import data.sod.masking
import rego.v1

masks := {
	"email": {"columns": ["public.customers.email"], "method": "partial", "args": {"keep_last": 4}, "except_duties": ["support"]},
	"secrets": {"resources": ["/secrets:prod/*"], "path": "data", "method": "fixed"},
}

duties := {"support": {"covers": [], "holders": {"groups": ["support"]}}}

read(name) := {"kind": "table", "name": name, "access": "read"}

reading(name, columns) := {"kind": "table", "name": name, "access": "read", "columns": columns}

write(name) := {"kind": "table", "name": name, "access": "write"}

op(verb, effects, resources, columns_out) := {
	"verb": verb, "effects": effects, "resources": resources, "flags": [], "opaque": false, "parent": null,
	"detail": {"columns_out": columns_out, "predicate_columns": []},
}

column(sources, exact) := {"name": "c", "sources": sources, "exact": exact}

child(operation) := object.union(operation, {"parent": 0})

# What the rules say of these operations, for a requester of these groups.
masked(groups, operations) := names if {
	duties_then := duties
	masks_then := masks
	identity := {"subject": "ana", "actor": "ana", "depth": 0, "groups": groups, "conflict_set": ["ana"]}
	action := {"protocol": "sql", "operations": operations, "flags": [], "opaque": false}
	names := {member.column | some member in masking.mask} with input.identity as identity with input.action as action with data.sod.duties as duties_then with data.sod.masks as masks_then
}

denied(groups, operations) := messages if {
	duties_then := duties
	masks_then := masks
	identity := {"subject": "ana", "actor": "ana", "depth": 0, "groups": groups, "conflict_set": ["ana"]}
	action := {"protocol": "sql", "operations": operations, "flags": [], "opaque": false}
	messages := {member.message | some member in masking.deny} with input.identity as identity with input.action as action with data.sod.duties as duties_then with data.sod.masks as masks_then
}

select(columns_out) := op("select", ["read"], [read("public.customers")], columns_out)

customers := read("public.customers")

every_mask(action) := members if {
	duties_then := {}
	masks_then := masks
	identity := {"subject": "ana", "actor": "ana", "depth": 0, "groups": [], "conflict_set": ["ana"]}
	members := masking.mask with input.identity as identity with input.action as action with data.sod.duties as duties_then with data.sod.masks as masks_then
}

test_a_column_that_shows_the_source_is_masked if {
	every_mask({"protocol": "sql", "operations": [select([column(["public.customers.email"], true)])], "flags": [], "opaque": false}) == {{
		"rule": "sod.masking", "message": "email: column c may show public.customers.email", "method": "partial",
		"column": "c", "resource": "public.customers.email", "args": {"keep_last": 4},
	}}
}

test_unqualified_starred_and_upper_case_sources_are_masked if {
	every source in ["email", "customers.email", "customers.*", "*", "?", "PUBLIC.CUSTOMERS.EMAIL"] {
		masked([], [select([column([source], true)])]) == {"c"}
	}
}

test_other_columns_are_not if {
	masked([], [select([column(["public.customers.id"], true)])]) == set()
	masked([], [op("select", ["read"], [read("public.orders")], [column([], false)])]) == set()
}

test_a_column_not_exactly_known_is_masked_when_its_statement_touches_the_table if {
	masked([], [select([column([], false)])]) == {"c"}
	masked([], [op("select", ["read"], [read("customers")], [column([], false)])]) == {"c"}
	masked([], [op("delete", ["delete"], [write("public.customers")], [column([], false)])]) == {"c"}
	masked([], [op("select", ["read"], [], [column([], false)]), child(op("delete", ["delete"], [write("public.customers")], []))]) == {"c"}
	masked([], [op("select", ["read"], [], [column([], false)]), op("delete", ["delete"], [write("public.customers")], [])]) == set()
}

test_a_duty_may_except_its_holders if {
	masked(["support"], [select([column(["public.customers.email"], true)])]) == set()
	denied(["support"], [op("copy_out", ["transfer"], [customers], [])]) == set()
}

test_what_is_opaque_may_show_anything if {
	masked([], [object.union(op("call", ["unknown"], [], []), {"opaque": true})]) == {"*"}
}

test_a_masked_column_cannot_be_probed if {
	probe := object.union(select([]), {"detail": {"columns_out": [], "predicate_columns": ["customers.email"]}})
	fair := object.union(select([]), {"detail": {"columns_out": [], "predicate_columns": ["customers.id"]}})
	denied([], [probe]) == {"email: customers.email is masked, so it can't be used to filter, join, group or sort"}
	denied([], [fair]) == set()
}

test_what_moves_a_masked_column_is_denied if {
	every verb in ["copy_out", "create", "insert", "prepare", "update"] {
		count(denied([], [op(verb, ["read"], [customers, write("public.x")], [])])) == 1
	}
	denied([], [op("copy_out", ["transfer"], [reading("public.customers", ["id", "email"])], [])]) == {"email: copy_out would carry public.customers.email where it can't be masked"}
}

test_what_moves_other_columns_is_not if {
	denied([], [op("copy_out", ["transfer"], [reading("public.customers", ["id"])], [])]) == set()
	denied([], [op("insert", ["create"], [write("public.customers")], [])]) == set()
	denied([], [op("copy_out", ["transfer"], [read("public.orders")], [])]) == set()
	denied([], [op("copy_out", ["transfer"], [{"kind": "file", "name": "customers", "access": "read"}], [])]) == set()
}

test_select_into_moves if {
	count(denied([], [op("select", ["create", "read"], [customers, write("public.x")], [])])) == 1
	denied([], [op("delete", ["delete", "update"], [customers], [])]) == set()
}

test_a_nested_statement_delivers_to_the_one_it_stands_in if {
	count(denied([], [op("create", ["create"], [write("public.x")], []), child(select([column(["public.customers.email"], true)]))])) == 1
	denied([], [op("create", ["create"], [write("public.x")], []), select([column(["public.customers.email"], true)])]) == set()
	count(denied([], [op("insert", ["create"], [write("public.x")], []), child(op("delete", ["delete"], [write("public.customers")], [column(["public.customers.email"], true)]))])) == 1
}

test_returning_of_the_moving_statement_itself_is_only_masked if {
	inserting := op("insert", ["create"], [write("public.customers")], [column(["public.customers.email"], true)])
	denied([], [inserting]) == set()
	masked([], [inserting]) == {"c"}
}

test_a_result_that_cannot_be_masked_is_denied if {
	denied([], [op("call", ["read"], [], [column(["public.customers.email"], true)])]) == {"email: the result of call would show public.customers.email, and can't be masked"}
}

request(verb, name, opaque) := {
	"protocol": "kubernetes", "flags": [], "opaque": opaque,
	"operations": [{"verb": verb, "effects": ["read"], "flags": [], "opaque": opaque, "parent": null, "detail": null, "resources": [{"kind": "k8s", "name": name, "access": "read"}]}],
}

test_a_part_of_an_object_is_masked if {
	every_mask(request("get", "/secrets:prod/a", false)) == {{
		"rule": "sod.masking", "message": "secrets: data of /secrets:prod/a is masked", "method": "fixed",
		"resource": "/secrets:prod/a", "path": "data", "args": {},
	}}
}

test_collections_and_answers_to_writes_are_masked_too if {
	count(every_mask(request("list", "/secrets:/", false))) == 1
	count(every_mask(request("list", "/secrets:prod/", false))) == 1
	count(every_mask(request("patch", "/secrets:prod/a", false))) == 1
	count(every_mask(request("get", "/secrets:dev/a", false))) == 0
	count(every_mask(request("get", "/pods:prod/a", false))) == 0
}

test_an_opaque_request_may_answer_with_any_object if {
	{member.resource | some member in every_mask(request("other", "/pods:x/y", true))} == {"/secrets:prod/*"}
}
