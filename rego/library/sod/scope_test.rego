package sod.scope_test

import data.sod.scope
import rego.v1

delete_orders := {
	"verb": "delete", "effects": ["delete"], "flags": ["no_where"], "opaque": false,
	"resources": [{"kind": "table", "name": "public.orders", "access": "write"}],
}

begin := {"verb": "begin", "effects": ["session"], "flags": [], "opaque": false, "resources": []}

unknown_effect := {
	"verb": "call", "effects": ["unknown"], "flags": [], "opaque": false,
	"resources": [{"kind": "function", "name": "public.f", "access": "execute"}],
}

opaque := {"verb": "other", "effects": ["unknown"], "flags": [], "opaque": true, "resources": []}

opaque_read := {
	"verb": "select", "effects": ["read"], "flags": [], "opaque": true,
	"resources": [{"kind": "table", "name": "public.orders", "access": "read"}],
}

asked(environment, operations, flags, vague) := {
	"action": {"protocol": "sql", "operations": operations, "flags": flags, "opaque": vague},
	"context": {"environment": environment},
}

prod := asked("prod", [delete_orders], ["no_where"], false)

everything_named := {
	"protocols": ["kubernetes", "sql"], "environments": ["prod"], "verbs": ["delete", "truncate"],
	"effects": ["define", "delete"], "flags": ["no_where"], "resources": ["public.*"],
}

test_an_empty_scope_concerns_everything if {
	in_prod := prod
	scope.concerns({}, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
	scope.concerns({}, begin) with input.action as in_prod.action with input.context as in_prod.context
}

test_a_scope_that_names_everything_concerns_what_fits if {
	in_prod := prod
	scope.concerns(everything_named, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
}

test_one_thing_that_does_not_fit_is_enough if {
	in_prod := prod
	not scope.concerns({"protocols": ["shell"]}, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
	not scope.concerns({"environments": ["dev"]}, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
	not scope.concerns({"verbs": ["select"]}, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
	not scope.concerns({"effects": ["read"]}, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
	not scope.concerns({"flags": ["ddl"]}, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
	not scope.concerns({"resources": ["hr.*"]}, delete_orders) with input.action as in_prod.action with input.context as in_prod.context
}

test_an_environment_not_said_may_be_any if {
	request := asked("", [delete_orders], [], false)
	scope.concerns({"environments": ["prod"]}, delete_orders) with input.action as request.action with input.context as request.context
}

test_an_unknown_effect_may_be_any if {
	request := asked("prod", [unknown_effect], [], false)
	scope.concerns({"effects": ["delete"]}, unknown_effect) with input.action as request.action with input.context as request.context
	not scope.concerns({"verbs": ["delete"]}, unknown_effect) with input.action as request.action with input.context as request.context
	not scope.concerns({"flags": ["ddl"]}, unknown_effect) with input.action as request.action with input.context as request.context
	not scope.concerns({"resources": ["x.y"]}, unknown_effect) with input.action as request.action with input.context as request.context
}

test_an_opaque_operation_may_be_anything if {
	request := asked("prod", [opaque], [], true)
	scope.concerns(everything_named, opaque) with input.action as request.action with input.context as request.context
	request2 := asked("prod", [opaque_read], [], true)
	scope.concerns({"effects": ["grant"]}, opaque_read) with input.action as request2.action with input.context as request2.context
	scope.concerns({"resources": ["hr.*"]}, opaque_read) with input.action as request2.action with input.context as request2.context
	scope.concerns({"verbs": ["drop"], "flags": ["ddl"]}, opaque_read) with input.action as request2.action with input.context as request2.context
}

test_an_opaque_operation_is_still_of_its_protocol_and_environment if {
	request := asked("prod", [opaque], [], true)
	not scope.concerns({"protocols": ["shell"]}, opaque) with input.action as request.action with input.context as request.context
	not scope.concerns({"environments": ["dev"]}, opaque) with input.action as request.action with input.context as request.context
}

test_a_text_not_fully_understood_makes_each_operation_vague if {
	request := asked("prod", [delete_orders], [], true)
	scope.concerns({"effects": ["grant"]}, delete_orders) with input.action as request.action with input.context as request.context
}

test_an_opaque_neighbour_does_not_make_the_others_vague if {
	in_prod := prod
	request := asked("prod", [delete_orders, opaque], [], true)
	not scope.vague(delete_orders) with input.action as request.action with input.context as request.context
	scope.vague(opaque) with input.action as request.action with input.context as request.context
	not scope.vague(delete_orders) with input.action as in_prod.action with input.context as in_prod.context
}

test_an_operation_without_resources_may_touch_any if {
	in_prod := prod
	scope.concerns({"resources": ["hr.*"]}, begin) with input.action as in_prod.action with input.context as in_prod.context
}

test_flags_of_the_text_concern_each_operation if {
	request := asked("prod", [begin], ["multi_statement"], false)
	scope.concerns({"flags": ["multi_statement"]}, begin) with input.action as request.action with input.context as request.context
	request2 := asked("prod", [begin], [], false)
	not scope.concerns({"flags": ["multi_statement"]}, begin) with input.action as request2.action with input.context as request2.context
}
